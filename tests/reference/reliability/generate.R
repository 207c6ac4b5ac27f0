# Figures of reliability that other files lack.
# Rscript tests/reference/reliability/generate.R OUT   -> OUT/NAME.json for each data set
suppressMessages({library(psych); library(lavaan); library(semTools); library(jsonlite); library(numDeriv)})
options(warn = -1)
out <- commandArgs(TRUE)[1]
told <- sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))
folder <- dirname(normalizePath(told))
get_data <- function(name) {
  file <- file.path(folder, paste0(name, ".csv"))
  if (!file.exists(file)) file <- file.path(folder, "..", "data", paste0(name, ".csv"))
  read.csv(file)
}

# Every split, one by one: lambda 4 of parts of any size, the rest of halves. psych::splitHalf
# tries each second half only when the number of items is odd, so it stands beside even numbers.
halves <- function(m) {
  k <- ncol(m); found <- c(); sizes <- c()
  for (code in 1:(2^(k - 1) - 1)) {
    a <- bitwAnd(code, 2^(0:(k - 1))) > 0
    found <- c(found, 4 * sum(m[a, !a]) / sum(m)); sizes <- c(sizes, abs(sum(a) - sum(!a)))
  }
  half <- found[sizes <= 1]
  list(lambda_4 = max(found), min = min(half), mean = mean(half), max = max(half))
}
psych_halves <- function(x, covar) {
  s <- splitHalf(x, covar = covar, check.keys = FALSE, brute = TRUE)
  list(min = s$minrb, mean = s$meanr, max = s$maxrb)
}
one <- function(x, ...) {
  model <- paste("f =~", paste(colnames(x), collapse = " + "))
  as.numeric(compRelSEM(cfa(model, data = x, std.lv = TRUE, ...)))
}
ordinal <- function(x) {
  r <- unclass(lavCor(x, ordered = colnames(x)))
  class(r) <- "matrix"
  list(alpha = psych::alpha(r, warnings = FALSE)$total$std.alpha,
       omega = one(x, ordered = colnames(x), estimator = "ULSMV"))
}
figures <- list()
bfi <- get_data("bfi")
scales <- list(A = 1:5, C = 6:10, E = 11:15, N = 16:20, O = 21:25)
items <- bfi[, colnames(bfi) != "group"]
figures$bfi <- list(halves = list(), one_factor = list(), ordinal = list())
for (s in names(scales)) {
  x <- na.omit(items[, scales[[s]]])
  figures$bfi$halves[[s]] <- halves(cor(x))
  figures$bfi$one_factor[[s]] <- one(x)
  figures$bfi$ordinal[[s]] <- ordinal(x)
}
figures$bfi$psych_halves <- psych_halves(na.omit(items[, 1:14]), FALSE)
for (name in c("science", "lsat7")) {
  x <- get_data(name)
  figures[[name]] <- list(halves = halves(cor(x)), one_factor = one(x), ordinal = ordinal(x))
}
figures$science$psych_halves <- psych_halves(get_data("science"), TRUE)
x <- get_data("holzinger"); school <- x$group; x <- x[, colnames(x) != "group"]
om <- psych::omega(x, nfactors = 2, plot = FALSE, flip = FALSE)
# 145 persons of each school: statsBy has another mean size than Donner and Koval where sizes differ.
same <- ave(seq_along(school), school, FUN = seq_along) <= 145
by_school <- psych::statsBy(cbind(school = as.numeric(factor(school)), x)[same, ], "school")
figures$holzinger <- list(halves = halves(cov(x)), one_factor = one(x),
  omega_2 = list(omega_h = om$omega_h, omega_total = om$omega.tot),
  icc_1 = unname(by_school$ICC1[colnames(x)]))

# Six persons, four judges: Shrout and Fleiss (1979), table 2.
sf <- ICC(get_data("shrout_fleiss"), lmer = FALSE)$results
figures$shrout_fleiss <- list(icc = list(type = sf$type, estimate = sf$ICC, f = sf$F, df = sf$df1, df_error = sf$df2, p_value = sf$p, conf_low = sf$`lower bound`, conf_high = sf$`upper bound`))

# Two items of science as if they were two ratings. psych's standard error of weighted kappa
# leaves the row margins out of the weights' means; so the error comes from the multinomial
# covariance of the table and a numerical gradient.
x <- get_data("science"); counts <- table(factor(x[, 1], 1:4), factor(x[, 2], 1:4)); n <- sum(counts)
apart <- abs(row(counts) - col(counts)) / 3
weights <- list(none = diag(4), linear = 1 - apart, quadratic = 1 - apart^2)
kappa_of <- function(p, w) { p <- matrix(p, 4); e <- outer(rowSums(p), colSums(p)); (sum(w * p) - sum(w * e)) / (1 - sum(w * e)) }
figures$science$kappa <- lapply(weights, function(w) {
  p <- as.numeric(counts) / n; g <- grad(kappa_of, p, w = w)
  list(kappa = cohen.kappa(unclass(counts), w = w)$weighted.kappa, std_error = sqrt(sum(p * g^2) - sum(p * g)^2) / sqrt(n))
})
figures$science$kappa_1_se <- sqrt(cohen.kappa(unclass(counts))$var.kappa)
for (name in names(figures)) write_json(figures[[name]], file.path(out, paste0(name, ".json")), auto_unbox = TRUE, digits = NA)
