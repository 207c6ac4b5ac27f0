# Rscript tests/reference/noninvariance/generate.R OUT
# Effect sizes of non-invariance by numerical integration from lavaan's solutions, alignment by R's
# optimizers on the published loss, and p.adjust. lavaan's estimates stand in the file, so that only
# what follows from them is compared.
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
arguments <- commandArgs(trailingOnly = FALSE)
here <- dirname(sub("^--file=", "", arguments[grep("^--file=", arguments)]))
out <- commandArgs(trailingOnly = TRUE)[1]
dir.create(out, showWarnings = FALSE, recursive = TRUE)
read <- function(name) {
  X <- read.csv(file.path(here, "..", "data", paste0(name, ".csv"))); X[complete.cases(X), ] }
plain <- function(x) unname(unclass(as.matrix(x)))
# Over 16 standard deviations in pieces, since integrate() may miss a peak in an infinite range.
whole <- function(f) sum(sapply(-8:7, function(a)
  integrate(f, a, a + 1, rel.tol = 1e-11, abs.tol = 1e-14, subdivisions = 1000)$value))
# Mean over the groups' bivariate or univariate normal factors of g(eta), eta a matrix.
over <- function(g, mean, cov) {
  L <- t(chol(cov))
  if (length(mean) == 1) return(whole(function(z) g(mean + L %*% z) * dnorm(z)))
  whole(Vectorize(function(z1) dnorm(z1) * whole(function(z2)
    g(mean + L %*% rbind(z1, z2)) * dnorm(z2))))
}
curve_of <- function(e, i, used) {
  lambda <- e$lambda[i, used]; nu <- e$nu[i]
  if (is.null(e$tau)) return(function(eta) as.vector(nu + lambda %*% eta))
  tau <- e$tau[grepl(paste0("^", rownames(e$lambda)[i], "[|]"), rownames(e$tau)), 1]
  theta <- sqrt(e$theta[i, i])
  # Probability of each category times its score 1, 2, ...
  function(eta) { at <- as.vector(nu + lambda %*% eta)
    bounds <- cbind(1, sapply(tau, function(t) pnorm((at - t) / theta)), 0)
    as.vector((bounds[, 1:(length(tau) + 1), drop = FALSE] -
               bounds[, 2:(length(tau) + 2), drop = FALSE]) %*% seq_len(length(tau) + 1)) }
}
effects <- function(est, sds, n, r, f) {
  items <- rownames(est[[1]]$lambda); pooled <- ((n[r] - 1) * sds[[r]] + (n[f] - 1) * sds[[f]]) / (n[r] + n[f] - 2)
  rows <- lapply(seq_along(items), function(i) {
    used <- which(est[[1]]$lambda[i, ] != 0)
    own <- curve_of(est[[f]], i, used); other <- curve_of(est[[r]], i, used)
    D <- function(eta) own(eta) - other(eta)
    k <- est[[f]]$alpha[used, 1]; P <- est[[f]]$psi[used, used, drop = FALSE]
    c(expected = over(own, k, P), expected_reference = over(other, k, P), bias = over(D, k, P),
      bias_absolute = over(function(e) abs(D(e)), k, P), dmacs = sqrt(over(function(e) D(e)^2, k, P))) })
  found <- as.data.frame(do.call(rbind, rows)); found$dmacs <- found$dmacs / pooled
  found$dmacs_signed <- found$bias / pooled; found$pooled_sd <- pooled
  as.list(found)
}
# Everything of a solution that effects follow from, and the effects both ways round.
figure <- function(fit) {
  est <- lavInspect(fit, "est"); data <- lavInspect(fit, "data"); n <- lavInspect(fit, "nobs")
  sds <- lapply(data, function(x) apply(x, 2, sd)); m <- ncol(est[[1]]$lambda)
  take <- function(name) lapply(est, function(e) plain(e[[name]]))
  steps <- if (is.null(est[[1]]$tau)) NULL else lapply(est, function(e)
    unname(split(e$tau[, 1], factor(sub("[|].*", "", rownames(e$tau)), levels = rownames(e$lambda)))))
  list(loadings = unname(take("lambda")), intercepts = unname(lapply(est, function(e) as.vector(e$nu))),
    means = unname(lapply(est, function(e) as.vector(e$alpha))), covariances = unname(take("psi")),
    residual_variances = unname(lapply(est, function(e) unname(diag(e$theta)))),
    delta = if (is.null(est[[1]]$delta)) NULL else unname(lapply(est, function(e) as.vector(e$delta))),
    thresholds = unname(steps), sds = unname(lapply(sds, unname)), n = unname(n),
    second_against_first = effects(est, sds, n, 1, 2), first_against_second = effects(est, sds, n, 2, 1))
}

# ---- alignment
loss <- function(log_sd, mean, lambda0, nu0, w, eps, item, sign) {
  sd <- exp(log_sd - mean(log_sd)); lambda <- lambda0 / sd
  nu <- nu0 - sign * (mean / sd) * lambda0[, item]
  total <- 0; G <- nrow(lambda0)
  for (g in 1:(G - 1)) for (h in (g + 1):G) total <- total + w[g] * w[h] *
    (sum(((lambda[g, ] - lambda[h, ])^2 + eps)^.25) + sum(((nu[g, ] - nu[h, ])^2 + eps)^.25))
  total
}
align <- function(lambda0, nu0, n, eps, item, sign, fixed) {
  G <- nrow(lambda0); w <- sqrt(n)
  split_up <- function(x) list(log_sd = c(0, x[1:(G - 1)]),
    mean = if (fixed) c(0, x[G:(2 * G - 2)]) else x[G:(2 * G - 1)])
  f <- function(x) { p <- split_up(x); loss(p$log_sd, p$mean, lambda0, nu0, w, eps, item, sign) / sum(w)^2 }
  set.seed(1); k <- 2 * G - if (fixed) 2 else 1
  ends <- lapply(1:15, function(i) { x <- if (i == 1) rep(0, k) else rnorm(k, 0, .3)
    for (j in 1:4) { x <- nlminb(x, f, control = list(rel.tol = 1e-15, x.tol = 1e-13, iter.max = 3000, eval.max = 9000))$par
      x <- optim(x, f, method = "BFGS", control = list(reltol = 1e-16, maxit = 3000, ndeps = rep(1e-5, k)))$par }
    list(x = x, f = f(x)) })
  best <- ends[[which.min(sapply(ends, function(e) e$f))]]; p <- split_up(best$x)
  log_sd <- p$log_sd - mean(p$log_sd); sd <- exp(log_sd); lambda <- lambda0 / sd
  nu <- nu0 - sign * (p$mean / sd) * lambda0[, item]
  V <- function(x) apply(x, 2, function(v) mean((v - mean(v))^2))
  average <- colMeans(lambda); place <- colMeans(nu)
  list(loss = best$f * sum(w)^2, means = p$mean / sd[1], variances = (sd / sd[1])^2,
    loadings = plain(lambda * sd[1]), locations = plain(nu),
    r2_loadings = 1 - V(lambda0 - outer(sd, average)) / V(lambda0),
    r2_locations = 1 - V(nu0 - outer(rep(1, G), place) - sign * outer(p$mean, average[item])) / V(nu0))
}
both <- function(lambda0, nu0, n, item, sign) list(loadings = plain(lambda0), locations = plain(nu0),
  n = n, fixed = align(lambda0, nu0, n, .01, item, sign, TRUE), free = align(lambda0, nu0, n, .01, item, sign, FALSE))

save_as <- function(found, name) write_json(found, file.path(out, paste0(name, ".json")),
  auto_unbox = TRUE, digits = 14, null = "null", na = "null")

# ---- Holzinger and Swineford
H <- read("holzinger")
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
equal <- c("loadings", "intercepts")
partial <- cfa(three, H, group = "group", std.lv = TRUE, group.equal = equal,
  group.partial = c("visual=~x2", "x3~1", "x7~1", "x8~1", "speed=~x8"))
crossed <- cfa(paste0(three, " + x1"), H, group = "group", std.lv = TRUE, group.equal = equal,
  group.partial = c("visual=~x1", "speed=~x1", "x3~1"))
save_as(list(partial = figure(partial), crossed = figure(crossed)), "holzinger")

# ---- bfi, A1 to A5
B <- read("bfi"); five <- paste0("A", 1:5); A <- B[, c("group", five)]
one <- "agree =~ A1 + A2 + A3 + A4 + A5"
continuous <- cfa(one, A, group = "group", std.lv = TRUE, group.equal = equal,
  group.partial = c("agree=~A1", "A1~1", "A4~1"))
ordinal <- function(p) cfa(one, A, group = "group", std.lv = TRUE, ordered = five, parameterization = p,
  group.equal = c("loadings", "thresholds"), group.partial = c("agree=~A1", "A1|t2", "A4|t3", "A4|t4", "A5|t1"))
# Two factors with an ordinal item on both.
mixed <- cfa(paste0(one, "\nextra =~ E3 + E4 + E5 + A5"), B, group = "group", std.lv = TRUE,
  ordered = c(five, "E3", "E4", "E5"), parameterization = "theta",
  group.equal = c("loadings", "thresholds"), group.partial = c("agree=~A5", "extra=~A5", "A5|t3"))
blocks <- split(A[, five], cut(seq_len(nrow(A)), 5, labels = FALSE)); sizes <- sapply(blocks, nrow)
fits <- lapply(blocks, function(x) lavInspect(cfa(one, x, std.lv = TRUE, meanstructure = TRUE), "est"))
ogives <- lapply(blocks, function(x) lavInspect(cfa(one, x, std.lv = TRUE, ordered = five,
  parameterization = "theta"), "est"))
bind <- function(fits, name) do.call(rbind, lapply(fits, function(e) as.vector(e[[name]])))
p <- c(.01, NA, .04, .03, .5, .9, .011, .0001, .04, NA, .2)
save_as(list(continuous = figure(continuous), delta = figure(ordinal("delta")),
  theta = figure(ordinal("theta")), mixed = figure(mixed),
  alignment = both(bind(fits, "lambda"), bind(fits, "nu"), unname(sizes), 1:5, 1),
  alignment_thresholds = both(bind(ogives, "lambda"), bind(ogives, "tau"), unname(sizes), rep(1:5, each = 5), -1),
  p_adjust = list(p = p, holm = p.adjust(p, "holm"), bonferroni = p.adjust(p, "bonferroni"),
    bh = p.adjust(p, "BH"))), "bfi")
