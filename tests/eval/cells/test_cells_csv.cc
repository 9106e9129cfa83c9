// eval/cells/record*.c, cells_csv.c, series.c: what was measured comes back as it was, and survives torn writes.
#include <cmath>
#include <limits>
#include <vector>

#include "cells_fixture.h"
#include "support.h"

extern "C" {
#include "series.h"
}

namespace {

using fc_test::make_cell;

struct Read {
  fc_status_t status = FC_OK;
  fc_error_t error = {};
  std::vector<cell_t> cells;
  bool torn = false;
};

Read read(const std::string &path) {
  Read out;
  cell_t *cells = nullptr;
  int32_t n = 0;
  out.status = cells_read(path.c_str(), &cells, &n, &out.torn, &out.error);
  if (n > 0) out.cells.assign(cells, cells + n);
  free(cells);
  return out;
}

void append(const std::string &path, const std::vector<cell_t> &cells, bool *was_torn = nullptr,
            size_t *n_done = nullptr) {
  fc_error_t error = {};
  record_writer_t writer;
  cell_t *done = nullptr;
  int32_t n = 0;
  ASSERT_OK(cells_resume(&writer, path.c_str(), &done, &n, &error));
  free(done);
  if (was_torn != nullptr) *was_torn = writer.was_torn;
  if (n_done != nullptr) *n_done = static_cast<size_t>(n);
  for (const cell_t &cell : cells) EXPECT_OK(cells_append(&writer, &cell, &error));
  record_close(&writer);
}

// Every field of the table differs from every other and from nothing.
cell_t full_cell() {
  cell_t cell = cells_empty();
  for (int32_t i = 0; i < cells_table.n_fields; ++i) {
    const record_field_t &field = cells_table.fields[i];
    char *at = reinterpret_cast<char *>(&cell) + field.offset;
    switch (field.kind) {
      case RECORD_TEXT:
        fc_test::set_text(at, field.size, "t" + std::to_string(i));
        break;
      case RECORD_INT32:
        *reinterpret_cast<int32_t *>(at) = -i - 1;
        break;
      case RECORD_INT64:
        *reinterpret_cast<int64_t *>(at) = std::numeric_limits<int64_t>::max() - i;
        break;
      case RECORD_BOOL:
        *reinterpret_cast<bool *>(at) = true;
        break;
      case RECORD_DOUBLE:
        *reinterpret_cast<double *>(at) = 0.1 + i / 3.0;
        break;
    }
  }
  return cell;
}

void expect_same(const cell_t &a, const cell_t &b) {
  for (int32_t i = 0; i < cells_table.n_fields; ++i) {
    const record_field_t &field = cells_table.fields[i];
    const char *x = reinterpret_cast<const char *>(&a) + field.offset;
    const char *y = reinterpret_cast<const char *>(&b) + field.offset;
    if (field.kind == RECORD_TEXT) {
      EXPECT_STREQ(x, y) << field.name;
    } else if (field.kind == RECORD_DOUBLE && std::isnan(*reinterpret_cast<const double *>(x))) {
      EXPECT_TRUE(std::isnan(*reinterpret_cast<const double *>(y))) << field.name;
    } else {
      EXPECT_EQ(0, memcmp(x, y, field.size)) << field.name;
    }
  }
}

TEST(CellsCsv, EveryFieldComesBack) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("cells.csv");
  append(path, {full_cell(), cells_empty()});
  const Read found = read(path);
  ASSERT_EQ(FC_OK, found.status) << found.error.message;
  ASSERT_EQ(2u, found.cells.size());
  expect_same(full_cell(), found.cells[0]);
  expect_same(cells_empty(), found.cells[1]);
}

// The table is the struct: a member that it forgets would be lost in every file.
TEST(CellsCsv, TheTableCoversTheStruct) {
  size_t end = 0;
  for (int32_t i = 0; i < cells_table.n_fields; ++i) {
    const record_field_t &field = cells_table.fields[i];
    EXPECT_GE(field.offset, end) << field.name;
    EXPECT_LT(field.offset, end + 8) << "a member is missing before " << field.name;
    end = field.offset + field.size;
  }
  EXPECT_LT(sizeof(cell_t), end + 8);
}

TEST(CellsCsv, ARewrittenFileHoldsTheNewCellsAndGoesOn) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("cells.csv");
  append(path, {full_cell(), full_cell()});
  fc_error_t error = {};
  record_writer_t writer, other;
  ASSERT_OK(record_open(&writer, &cells_table, path.c_str(), &error));
  const cell_t first = make_cell("attmf", 1), second = make_cell("random", 2);
  ASSERT_OK(record_rewrite(&writer, &first, 1, &error));
  EXPECT_EQ(FC_ESTATE, record_open(&other, &cells_table, path.c_str(), &error)) << "still locked";
  EXPECT_OK(cells_append(&writer, &second, &error));
  record_close(&writer);
  const Read found = read(path);
  ASSERT_EQ(FC_OK, found.status) << found.error.message;
  ASSERT_EQ(2u, found.cells.size());
  expect_same(first, found.cells[0]);
  expect_same(second, found.cells[1]);
}

TEST(Series, AMinuteBelongsToTheCellOfItsRun) {
  cell_t cell = make_cell("attmf", 1);
  series_point_t point = {};
  fc_test::set_text(point.workflow, sizeof point.workflow, cell.workflow);
  fc_test::set_text(point.world, sizeof point.world, cell.world);
  fc_test::set_text(point.track, sizeof point.track, cell.track);
  fc_test::set_text(point.method, sizeof point.method, cell.method);
  fc_test::set_text(point.variant, sizeof point.variant, cell.variant);
  fc_test::set_text(point.safety, sizeof point.safety, cell.safety);
  point.rails = cell.rails;
  point.seed = cell.seed;
  EXPECT_TRUE(series_is_of(&point, &cell));
  fc_test::set_text(point.track, sizeof point.track, "other");
  EXPECT_FALSE(series_is_of(&point, &cell)) << "another track";
}

TEST(CellsCsv, AFileThatCannotBeRewrittenStays) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("cells.csv");
  append(path, {full_cell()});
  fc_error_t error = {};
  record_writer_t writer;
  ASSERT_OK(record_open(&writer, &cells_table, path.c_str(), &error));
  cell_t bad = make_cell("attmf", 1);
  bad.method[2] = '\n';
  EXPECT_EQ(FC_EINVAL, record_rewrite(&writer, &bad, 1, &error));
  record_close(&writer);
  ASSERT_EQ(1u, read(path).cells.size());
  expect_same(full_cell(), read(path).cells[0]);
}

TEST(CellsCsv, NotMeasuredIsEmptyAndAwkwardNumbersAreExact) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("cells.csv");
  cell_t cell = make_cell("attmf", std::nan(""));
  cell.severity = 0.1 + 0.2;
  cell.decide_s = 5e-324;
  cell.latency_sum_s = std::numeric_limits<double>::infinity();
  append(path, {cell});
  EXPECT_NE(std::string::npos, fc_test::read_file(path).find(",,"));
  EXPECT_EQ(std::string::npos, fc_test::read_file(path).find("nan"));
  const Read found = read(path);
  ASSERT_EQ(1u, found.cells.size());
  EXPECT_TRUE(std::isnan(found.cells[0].cost_over_oracle));
  EXPECT_EQ(0.1 + 0.2, found.cells[0].severity);
  EXPECT_EQ(5e-324, found.cells[0].decide_s);
  EXPECT_TRUE(std::isinf(found.cells[0].latency_sum_s));
}

TEST(CellsCsv, NamesWithCommasAndQuotesStayNames) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("cells.csv");
  cell_t cell = make_cell("a,\"b\",,", 1), quote = make_cell("\"", 1), empty = make_cell("", 1);
  append(path, {cell, quote, empty});
  const Read found = read(path);
  ASSERT_EQ(3u, found.cells.size()) << found.error.message;
  EXPECT_STREQ("a,\"b\",,", found.cells[0].method);
  EXPECT_STREQ("\"", found.cells[1].method);
  EXPECT_STREQ("", found.cells[2].method);
}

TEST(CellsCsv, ANameWithALineEndIsRefusedAndNothingIsWritten) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("cells.csv");
  append(path, {make_cell("attmf", 1)});
  const std::string before = fc_test::read_file(path);
  fc_error_t error = {};
  record_writer_t writer;
  ASSERT_OK(record_open(&writer, &cells_table, path.c_str(), &error));
  cell_t cell = make_cell("two\nlines", 1);
  EXPECT_EQ(FC_EINVAL, cells_append(&writer, &cell, &error));
  EXPECT_NE(nullptr, strstr(error.message, "method")) << error.message;
  memset(cell.method, 'x', sizeof cell.method);
  EXPECT_EQ(FC_EINVAL, cells_append(&writer, &cell, &error));
  record_close(&writer);
  EXPECT_EQ(before, fc_test::read_file(path));
}

// A crash may cut the file anywhere: what was whole before stays, and appending goes on behind it.
TEST(CellsCsv, ACutLastLineIsDroppedWhereverItIsCut) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("cells.csv");
  append(path, {make_cell("first", 1), make_cell("second", 2)});
  const std::string whole = fc_test::read_file(path);
  const size_t header = whole.find('\n') + 1, first = whole.find('\n', header) + 1;
  for (size_t size = 0; size <= whole.size(); ++size) {
    fc_test::write_file(path, whole.substr(0, size));
    const size_t n_whole = size == whole.size() ? 2 : (size >= first ? 1 : 0);
    const bool is_torn = size != 0 && size != header && size != first && size != whole.size();
    const Read found = read(path);
    ASSERT_EQ(FC_OK, found.status) << size << ": " << found.error.message;
    ASSERT_EQ(n_whole, found.cells.size()) << size;
    ASSERT_EQ(is_torn, found.torn) << size;
  }
  for (const size_t size : {header - 3, header, header + 5, first, first + 9, whole.size()}) {
    fc_test::write_file(path, whole.substr(0, size));
    bool was_torn = false;
    size_t n_done = 9;
    append(path, {make_cell("next", 3)}, &was_torn, &n_done);
    const Read found = read(path);
    ASSERT_EQ(FC_OK, found.status) << size << ": " << found.error.message;
    ASSERT_EQ(n_done + 1, found.cells.size()) << size;
    EXPECT_STREQ("next", found.cells.back().method);
    EXPECT_EQ(size != header && size != first && size != whole.size(), was_torn) << size;
  }
}

TEST(CellsCsv, AMalformedLineSaysWhereAndWhat) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("cells.csv");
  append(path, {make_cell("first", 1), make_cell("second", 2)});
  std::string text = fc_test::read_file(path);
  const size_t header = text.find('\n') + 1;
  for (const auto &[bad, what] : std::vector<std::pair<std::string, std::string>>{
           {"static,parallel,ten,", "'users'"}, {"static,parallel\n", "columns"}, {"static,\"parallel\n", "quote"}}) {
    fc_test::write_file(path, text.substr(0, header) + bad + text.substr(header));
    const Read found = read(path);
    EXPECT_EQ(FC_EFORMAT, found.status) << bad;
    EXPECT_NE(std::string::npos, std::string(found.error.message).find("cells.csv:2")) << found.error.message;
    EXPECT_NE(std::string::npos, std::string(found.error.message).find(what)) << found.error.message;
  }
  fc_test::write_file(path, "minute,users\n1,2\n");
  EXPECT_EQ(FC_EMISMATCH, read(path).status);
  fc_error_t error = {};
  record_writer_t writer;
  EXPECT_EQ(FC_EMISMATCH, record_open(&writer, &cells_table, path.c_str(), &error));
  EXPECT_EQ("minute,users\n1,2\n", fc_test::read_file(path));
  EXPECT_EQ(FC_ENOTFOUND, read(folder.path("absent.csv")).status);
}

TEST(CellsCsv, OneWriterAtATime) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("cells.csv");
  fc_error_t error = {};
  record_writer_t first, second;
  ASSERT_OK(record_open(&first, &cells_table, path.c_str(), &error));
  EXPECT_EQ(FC_ESTATE, record_open(&second, &cells_table, path.c_str(), &error));
  record_close(&second);
  record_close(&first);
  ASSERT_OK(record_open(&second, &cells_table, path.c_str(), &error));
  record_close(&second);
}

TEST(CellsCsv, FindsWhatWasDone) {
  const std::vector<cell_t> done = {make_cell("attmf", 1, 1), make_cell("attmf", 2, 2)};
  cell_t key = make_cell("attmf", 9, 2);
  EXPECT_EQ(&done[1], cells_find(done.data(), 2, &key));
  key.rails = true;
  EXPECT_EQ(nullptr, cells_find(done.data(), 2, &key));
}

TEST(Series, ComesBack) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("series.csv");
  fc_error_t error = {};
  std::vector<series_point_t> points(3);
  for (int i = 0; i < 3; ++i) {
    SET_TEXT(points[size_t(i)].method, i < 2 ? "attmf" : "plan, held");
    points[size_t(i)].minute = i;
    points[size_t(i)].users = 10 + i;
    points[size_t(i)].latency_s = i == 1 ? std::nan("") : 1.5 * i;
    points[size_t(i)].violated = i == 2;
  }
  ASSERT_OK(series_write(path.c_str(), points.data(), 3, &error));
  series_point_t *found = nullptr;
  int32_t n = 0;
  bool torn = true;
  ASSERT_OK(series_read(path.c_str(), &found, &n, &torn, &error));
  ASSERT_EQ(3, n);
  EXPECT_FALSE(torn);
  EXPECT_STREQ("plan, held", found[2].method);
  EXPECT_EQ(11, found[1].users);
  EXPECT_TRUE(std::isnan(found[1].latency_s));
  EXPECT_DOUBLE_EQ(3, found[2].latency_s);
  EXPECT_TRUE(found[2].violated);
  free(found);
}

}  // namespace
