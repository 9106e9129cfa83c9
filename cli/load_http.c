/* load_http.c - see load_http.h. curl says which sockets it waits for and until when; epoll and a timerfd wait. */
#include "load_http.h"

#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "load_machine.h"
#include "load_match.h"

enum {
  EVENTS = 32,          /* looked at before anything new starts */
  LONGEST_WAIT_MS = 100 /* a signal between the check and the wait is seen after this */
};

typedef struct {
  load_http_t *http;
  CURL *easy;
  int32_t place;
  int32_t matched; /* characters of `expect` */
  int64_t body_bytes;
  int32_t connections; /* opened */
  bool again;          /* its connection was dead: this is the second attempt */
  char reason[CURL_ERROR_SIZE];
} exchange_t;

struct load_http {
  load_request_t request;
  int32_t n_places;
  CURLM *multi;
  int epoll, timer;
  fc_clock_t clock;
  int64_t curl_ns;       /* curl wants to be called then; INT64_MAX: not */
  int64_t armed_ns;      /* the timer's */
  exchange_t *exchanges; /* (n_places) */
  CURLU *url;            /* parsed once */
  struct curl_slist *headers;
  load_match_t expect;
  int account; /* of this thread's time */
};

static int64_t now_ns(const load_http_t *http) {
  return http->clock.monotonic_ns(http->clock.self);
}

/* ---- what curl calls ---- */

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *self, void *known) {
  (void)easy;
  load_http_t *http = self;
  if (what == CURL_POLL_REMOVE) {
    (void)epoll_ctl(http->epoll, EPOLL_CTL_DEL, socket, NULL);
    curl_multi_assign(http->multi, socket, NULL);
    return 0;
  }
  struct epoll_event event = {.data.fd = socket};
  event.events = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);
  if (epoll_ctl(http->epoll, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event) != 0) return -1;
  if (known == NULL) curl_multi_assign(http->multi, socket, http);
  return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *self) {
  (void)multi;
  load_http_t *http = self;
  http->curl_ns = timeout_ms < 0 ? INT64_MAX : now_ns(http) + timeout_ms * INT64_C(1000000);
  return 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *self) {
  exchange_t *exchange = self;
  const load_http_t *http = exchange->http;
  exchange->body_bytes += (int64_t)(size * n);
  if (http->request.expect != NULL)
    exchange->matched = load_match_piece(&http->expect, exchange->matched, bytes, size * n);
  return size * n;
}

/* ---- one request and its answer ---- */

static CURLMcode send_request(exchange_t *exchange) {
  exchange->matched = 0;
  exchange->body_bytes = 0;
  exchange->reason[0] = '\0';
  return curl_multi_add_handle(exchange->http->multi, exchange->easy);
}

static fc_status_t start(void *self, int32_t place, fc_error_t *error) {
  load_http_t *http = self;
  exchange_t *exchange = &http->exchanges[place];
  exchange->again = false;
  exchange->connections = 0;
  const CURLMcode code = send_request(exchange);
  return code == CURLM_OK ? FC_OK : fc_error_set(error, FC_EINTERNAL, "curl: %s", curl_multi_strerror(code));
}

/* The server had closed the kept connection before it saw the request. curl sends it again by itself, but in 7.88 only
 * five times in the life of a handle. */
static bool met_dead_connection(const exchange_t *exchange, CURLcode code, long connections) {
  long header_bytes = 0;
  if (code != CURLE_RECV_ERROR && code != CURLE_SEND_ERROR && code != CURLE_GOT_NOTHING) return false;
  curl_easy_getinfo(exchange->easy, CURLINFO_HEADER_SIZE, &header_bytes);
  return !exchange->again && connections == 0 && header_bytes == 0 && exchange->body_bytes == 0;
}

static load_answer_t answer_of(const exchange_t *exchange, CURLcode code) {
  const load_request_t *wanted = &exchange->http->request;
  load_answer_t answer = {.body_bytes = exchange->body_bytes};
  long status = 0;
  curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
  answer.status = (int32_t)status;
  answer.connections = exchange->connections;
  if (code == CURLE_OPERATION_TIMEDOUT) {
    answer.outcome = LOAD_FAILED_TIMEOUT;
  } else if (code != CURLE_OK) {
    answer.outcome = LOAD_FAILED_CONNECTION;
    answer.reason = exchange->reason[0] != '\0' ? exchange->reason : curl_easy_strerror(code);
  } else if (status < wanted->status_low || status > wanted->status_high) {
    answer.outcome = LOAD_FAILED_STATUS;
  } else if (wanted->expect != NULL && exchange->matched < exchange->http->expect.size) {
    answer.outcome = LOAD_FAILED_BODY;
  }
  return answer;
}

/* True when there was one. */
static bool take_answers(load_http_t *http, load_answered_fn answered, void *answered_self) {
  int n_left = 0;
  bool any = false;
  for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &n_left)) != NULL;) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL *easy = message->easy_handle;
    const CURLcode code = message->data.result; /* *message goes with the handle */
    exchange_t *exchange = NULL;
    long connections = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&exchange);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
    exchange->connections += (int32_t)connections;
    const bool dead = met_dead_connection(exchange, code, connections);
    const load_answer_t answer = answer_of(exchange, code);
    curl_multi_remove_handle(http->multi, easy);
    if (dead) {
      exchange->again = true;
      if (send_request(exchange) == CURLM_OK) continue;
    }
    answered(answered_self, exchange->place, &answer);
    any = true;
  }
  return any;
}

/* ---- waiting ---- */

static void arm_timer(load_http_t *http, int64_t at_ns) {
  if (at_ns == http->armed_ns) return;
  http->armed_ns = at_ns;
  struct itimerspec when = {0}; /* all zero: not at all */
  if (at_ns != INT64_MAX) {
    when.it_value.tv_sec = at_ns / 1000000000;
    when.it_value.tv_nsec = at_ns % 1000000000;
  }
  (void)timerfd_settime(http->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void call_curl(load_http_t *http, curl_socket_t socket, uint32_t events) {
  int n_running = 0;
  const int mask = ((events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
                   ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                   ((events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0);
  (void)curl_multi_socket_action(http->multi, socket, mask, &n_running);
}

/* Requests that were just started are sent here, before any wait. */
static bool call_due(load_http_t *http, load_answered_fn answered, void *answered_self) {
  if (http->curl_ns > now_ns(http)) return false;
  http->curl_ns = INT64_MAX; /* curl sets the next one */
  call_curl(http, CURL_SOCKET_TIMEOUT, 0);
  return take_answers(http, answered, answered_self);
}

static fc_status_t wait_for(void *self, int64_t until_ns, load_answered_fn answered, void *answered_self,
                            fc_error_t *error) {
  load_http_t *http = self;
  struct epoll_event events[EVENTS];
  bool any = call_due(http, answered, answered_self);
  const int64_t next_ns = until_ns < http->curl_ns ? until_ns : http->curl_ns;
  const bool now = any || next_ns <= now_ns(http);
  if (!now) arm_timer(http, next_ns);
  const int n = epoll_wait(http->epoll, events, EVENTS, now ? 0 : LONGEST_WAIT_MS);
  if (n < 0 && errno != EINTR) return fc_error_set(error, FC_EIO, "epoll: %s", strerror(errno));
  for (int i = 0; i < n; ++i) {
    if (events[i].data.fd == http->timer) {
      uint64_t fired = 0;
      (void)!read(http->timer, &fired, sizeof fired);
      http->armed_ns = INT64_MAX;
      continue;
    }
    call_curl(http, events[i].data.fd, events[i].events);
    any |= take_answers(http, answered, answered_self);
  }
  (void)call_due(http, answered, answered_self);
  return FC_OK;
}

static double busy_s(void *self) {
  return load_machine_busy_s(((const load_http_t *)self)->account);
}

/* ---- setting up ---- */

static fc_status_t parse_url(load_http_t *http, fc_error_t *error) {
  const char *url = http->request.url;
  char *scheme = NULL;
  http->url = curl_url();
  if (http->url == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a URL");
  const CURLUcode code = curl_url_set(http->url, CURLUPART_URL, url, 0);
  if (code != CURLUE_OK)
    return fc_error_set(error, FC_EINVAL, "'%.200s' is no URL (%s): expected http://HOST[:PORT]/PATH or https://...",
                        url, curl_url_strerror(code));
  const bool wanted = curl_url_get(http->url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                      (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
  curl_free(scheme);
  return wanted ? FC_OK : fc_error_set(error, FC_EINVAL, "'%.200s': expected a URL of http or https", url);
}

/* The user's, and "NAME:" for what curl would send by itself. */
static fc_status_t set_headers(load_http_t *http, fc_error_t *error) {
  static const char *const unwanted[] = {"Expect:", "Content-Type:"};
  enum { N_UNWANTED = sizeof unwanted / sizeof unwanted[0] };
  for (int32_t i = 0; i < http->request.n_headers + N_UNWANTED; ++i) {
    const char *header = i < N_UNWANTED ? unwanted[i] : http->request.headers[i - N_UNWANTED];
    if (i < N_UNWANTED && load_request_has_header(&http->request, header)) continue;
    struct curl_slist *longer = curl_slist_append(http->headers, header);
    if (longer == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for headers");
    http->headers = longer;
  }
  return FC_OK;
}

static void set_method(const load_http_t *http, CURL *easy) {
  const load_request_t *request = &http->request;
  const char *method = request->method;
  if (request->body != NULL) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
  } else if (method != NULL && strcmp(method, "HEAD") == 0) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (method != NULL && (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0)) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L); /* these need a length, even 0 */
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
  }
  if (method != NULL && strcmp(method, "HEAD") != 0) curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static fc_status_t exchange_init(load_http_t *http, int32_t place, fc_error_t *error) {
  const load_request_t *request = &http->request;
  exchange_t *exchange = &http->exchanges[place];
  CURL *easy = curl_easy_init();
  if (easy == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d requests at once", (int)http->n_places);
  exchange->http = http;
  exchange->place = place;
  exchange->easy = easy;
  set_method(http, easy);
  curl_easy_setopt(easy, CURLOPT_CURLU, http->url);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "faasconf-load/" FAASCONF_VERSION);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ceil(request->timeout_s * 1000));
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, request->insecure ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, request->insecure ? 0L : 2L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->reason);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
  return FC_OK;
}

static fc_status_t open_multi(load_http_t *http, fc_error_t *error) {
  http->multi = curl_multi_init();
  http->epoll = epoll_create1(EPOLL_CLOEXEC);
  http->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (http->multi == NULL || http->epoll < 0 || http->timer < 0)
    return fc_error_set(error, FC_EIO, "cannot open an epoll and a timer: %s", strerror(errno));
  struct epoll_event event = {.events = EPOLLIN, .data.fd = http->timer};
  if (epoll_ctl(http->epoll, EPOLL_CTL_ADD, http->timer, &event) != 0)
    return fc_error_set(error, FC_EIO, "epoll: %s", strerror(errno));
  curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
  curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
  curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)http->n_places);
  return FC_OK;
}

static fc_status_t set_up(load_http_t *http, fc_error_t *error) {
  const load_request_t *request = &http->request;
  FC_TRY(parse_url(http, error));
  FC_TRY(load_request_check(request, error));
  FC_TRY(set_headers(http, error));
  if (request->expect != NULL) FC_TRY(load_match_init(&http->expect, request->expect, error));
  FC_TRY(load_machine_allow_connections(http->n_places, error));
  FC_TRY(open_multi(http, error));
  http->exchanges = calloc((size_t)http->n_places, sizeof *http->exchanges);
  if (http->exchanges == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d requests", (int)http->n_places);
  for (int32_t place = 0; place < http->n_places; ++place) FC_TRY(exchange_init(http, place, error));
  return FC_OK;
}

fc_status_t load_http_new(const load_request_t *request, int32_t n_places, load_http_t **out, fc_error_t *error) {
  *out = NULL;
  load_http_t *http = calloc(1, sizeof *http);
  if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    free(http);
    return fc_error_set(error, FC_ENOMEM, "curl cannot start");
  }
  http->request = *request;
  http->n_places = n_places;
  http->clock = fc_clock_system();
  http->epoll = http->timer = -1;
  http->curl_ns = http->armed_ns = INT64_MAX;
  http->account = load_machine_open_account();
  const fc_status_t status = set_up(http, error);
  if (status != FC_OK) {
    load_http_destroy(&http);
    return status;
  }
  *out = http;
  return FC_OK;
}

void load_http_destroy(load_http_t **reference) {
  load_http_t *http = *reference;
  if (http == NULL) return;
  for (int32_t place = 0; http->exchanges != NULL && place < http->n_places; ++place) {
    if (http->exchanges[place].easy == NULL) continue;
    curl_multi_remove_handle(http->multi, http->exchanges[place].easy);
    curl_easy_cleanup(http->exchanges[place].easy);
  }
  curl_multi_cleanup(http->multi);
  curl_url_cleanup(http->url);
  curl_slist_free_all(http->headers);
  load_match_clear(&http->expect);
  free(http->exchanges);
  if (http->epoll >= 0) close(http->epoll);
  if (http->timer >= 0) close(http->timer);
  if (http->account >= 0) close(http->account);
  free(http);
  curl_global_cleanup();
  *reference = NULL;
}

load_transport_t load_http_transport(load_http_t *http) {
  return (load_transport_t){http, start, wait_for, busy_s};
}
