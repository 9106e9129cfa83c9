# Golden numbers for eval/gp in double precision with numpy: python3 gp_golden.py > gp_golden.txt
# n = 20 rows, d = 3: x[i, k] = (sin(0.7 i + 1.9 k + 0.3) + 1) / 2, y = sin(5 x0) + x1^2 - 0.5 x2 + 0.05 cos(11 i).
# Outcomes are standardised by their mean and population deviation; theta = ln of lengths, scale, noise.
import numpy as np

n, d, m = 20, 3, 5
i, k = np.arange(n)[:, None], np.arange(d)[None, :]
x = (np.sin(0.7 * i + 1.9 * k + 0.3) + 1) / 2
y = np.sin(5 * x[:, 0]) + x[:, 1] ** 2 - 0.5 * x[:, 2] + 0.05 * np.cos(11 * np.arange(n))
q = (np.cos(1.3 * np.arange(m)[:, None] + 0.8 * k) + 1) / 2
length, scale, noise = np.array([0.4, 0.9, 1.7]), 1.3, 0.02
mean, deviation = y.mean(), y.std()
z = (y - mean) / deviation


def matern(a, b, lengths=length):
    r = np.sqrt((((a[:, None, :] - b[None, :, :]) / lengths) ** 2).sum(-1))
    t = np.sqrt(5) * r
    return scale * (1 + t + t * t / 3) * np.exp(-t)


def likelihood(theta):
    lengths, s, e = np.exp(theta[:d]), np.exp(theta[d]), np.exp(theta[d + 1])
    covariance = matern(x, x, lengths) / scale * s + e * np.eye(n)
    return -0.5 * z @ np.linalg.solve(covariance, z) - 0.5 * np.linalg.slogdet(covariance)[1] - n / 2 * np.log(2 * np.pi)


def show(name, values):
    print(name, " ".join("%.17g" % v for v in np.ravel(values)))


covariance = matern(x, x) + noise * np.eye(n)
inverse = np.linalg.inv(covariance)
theta = np.log(np.concatenate([length, [scale, noise]]))
# Richardson's two-step central differences: 1e-9 of the analytic gradient.
gradient = []
for j in range(d + 2):
    def slope(h):
        step = np.zeros(d + 2)
        step[j] = h
        return (likelihood(theta + step) - likelihood(theta - step)) / (2 * h)
    gradient.append((4 * slope(5e-4) - slope(1e-3)) / 3)
cross = matern(q, x)
posterior = (matern(q, q) - cross @ inverse @ cross.T) * deviation ** 2
show("log_likelihood", likelihood(theta))
show("gradient", gradient)
show("mean", mean + deviation * (cross @ inverse @ z))
show("covariance", posterior)
show("leave_one_out_mean", y - deviation * (inverse @ z) / np.diag(inverse))
show("leave_one_out_variance", deviation ** 2 / np.diag(inverse))
