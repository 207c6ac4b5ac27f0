# Ordinal models that the first figures lack: theta parameterization, pairwise, groups, scores.
# Rscript tests/reference/cfa_ordinal/generate.R OUT   -> OUT/NAME.json for each data set
told <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(told, "..", "lavaan_figures.R"))

wlsmv <- function(model, data, items, ...) {
  more <- list(...)
  if (is.null(more$estimator)) more$estimator <- "WLSMV"
  do.call(fit, c(list(model, data, ordered = items), more))
}
# Not in the theta parameterization: there lavPredict sets standardized thresholds against loadings
# that are not, and AVE depends on the scale of the latent responses.
of_delta <- function(f) list(
  residuals = matrix_of(residuals(f, type = "cor")$cov), omega = as.list(compRelSEM(f)),
  ave = as.list(AVE(f)), ebm = unname(unclass(lavPredict(f, method = "EBM"))[1:20, , drop = FALSE]))
after <- function(f) list(std = std_of(f), modification = mi_of(f), r2 = named(lavInspect(f, "rsquare")))

bfi <- get_data("bfi")
a <- paste0("A", 1:5); n <- paste0("N", 1:5)
five <- na.omit(bfi[, a]); ten <- na.omit(bfi[, c(a, n)]); grouped <- na.omit(bfi[, c("group", a)])
agree <- "agree =~ A1 + A2 + A3 + A4 + A5"
two <- paste0(agree, "\nneuro =~ N1 + N2 + N3 + N4 + N5")

f <- wlsmv(agree, five, a, parameterization = "theta")
theta <- c(solution(f), after(f))
f <- wlsmv(two, ten, c(a, n))
factors <- c(solution(f), after(f), of_delta(f), list(htmt = matrix_of(htmt(two, data = ten, ordered = c(a, n)))))
correlated <- wlsmv(paste0(two, "\nN1 ~~ N2\nA1 ~~ A2"), ten, c(a, n))
f <- wlsmv(two, bfi[, c(a, n)], c(a, n), missing = "pairwise")
pairwise <- solution(f, std = std_of(f))
pairwise_uls <- solution(wlsmv(agree, bfi[, a], a, missing = "pairwise", estimator = "ULSMV"))
by_group <- function(...) { f <- wlsmv(agree, grouped, a, group = "group", ...); solution(f, std = std_of(f)) }
equal <- c("loadings", "thresholds")

x <- get_data("science"); items <- names(x)
att <- paste("att =~", paste(items, collapse = " + "))
f <- wlsmv(att, x, items, parameterization = "theta")
theta_science <- c(solution(f), after(f))
f <- wlsmv(att, x, items)
delta_science <- c(solution(f), after(f), of_delta(f))
marker <- wlsmv(att, x, items, std.lv = FALSE)
# Two loadings equal by their label, one fixed; and a threshold fixed. With the latter lavaan's
# robust indices mix the degrees of freedom with and without thresholds, so they are left out.
labelled <- solution(wlsmv("att =~ a*Comfort + a*Work + 0.8*Future + Benefit", x, items))
threshold <- solution(wlsmv(paste0(att, "\nComfort | -2*t1"), x, items))
threshold$fit <- threshold$fit[!grepl("robust", names(threshold$fit))]

y <- get_data("lsat7"); tests <- names(y)
model7 <- paste("x =~", paste(tests, collapse = " + "))
f <- wlsmv(model7, y, tests, parameterization = "theta")
theta_lsat7 <- c(solution(f), after(f))
f <- wlsmv(model7, y, tests)
delta_lsat7 <- c(solution(f), after(f), of_delta(f))

correlated <- solution(correlated, std = std_of(correlated))
finish(list(
  bfi = list(theta = theta, factors = factors, correlated = correlated,
             pairwise = pairwise, pairwise_uls = pairwise_uls,
             configural = by_group(), equal = by_group(group.equal = equal),
             equal_theta = by_group(group.equal = equal, parameterization = "theta"),
             groups_dwls = by_group(estimator = "DWLS"),
             groups_ulsmv = by_group(group.equal = "loadings", estimator = "ULSMV")),
  science = list(theta = theta_science, delta = delta_science, labelled = labelled, threshold = threshold,
                 marker = solution(marker, std = std_of(marker))),
  lsat7 = list(theta = theta_lsat7, delta = delta_lsat7)))
