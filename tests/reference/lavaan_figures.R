# What the generate.R of several topics share: read data, fit with lavaan, collect figures, write JSON.
# source()d by them; it sets no options but the warnings'.
suppressMessages({library(lavaan); library(semTools); library(jsonlite)})
options(warn = -1)
out <- commandArgs(TRUE)[1]
folder <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
get_data <- function(name) {
  own <- file.path(folder, paste0(name, ".csv"))
  read.csv(if (file.exists(own)) own else file.path(folder, "..", "data", paste0(name, ".csv")))
}

# lavaan's search ends when the objective changes by less than 1e-10 of itself, which leaves up to
# 1e-5 in the estimates. Where it can, it goes on until nothing changes; nlminb may call this false
# convergence, so that of the two ends the one with the smaller gradient is taken.
slope_of <- function(f) {
  slope <- as.numeric(lavInspect(f, "gradient"))
  if (f@Model@eq.constraints) slope <- slope %*% f@Model@eq.constraints.K
  max(abs(slope))
}
fit <- function(model, data, ..., std.lv = TRUE) {
  plain <- cfa(model, data = data, std.lv = std.lv, ...)
  on <- try(cfa(model, data = data, std.lv = std.lv, optim.force.converged = TRUE,
                control = list(rel.tol = 1e-15, x.tol = 1e-13, iter.max = 20000), ...), silent = TRUE)
  f <- if (!inherits(on, "try-error") && slope_of(on) < slope_of(plain)) on else plain
  cat(sprintf("%.0e ", slope_of(f)))
  if (slope_of(f) > 1e-4) stop("not at the minimum")
  f
}

MEASURES <- c("npar", "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea.ci.lower",
  "rmsea.ci.upper", "rmsea.pvalue", "srmr", "baseline.chisq", "baseline.df", "chisq.scaled",
  "df.scaled", "pvalue.scaled", "chisq.scaling.factor", "cfi.scaled", "tli.scaled", "rmsea.scaled",
  "rmsea.ci.lower.scaled", "rmsea.ci.upper.scaled", "cfi.robust", "tli.robust", "rmsea.robust",
  "rmsea.ci.lower.robust", "rmsea.ci.upper.robust", "logl", "aic", "bic")
fit_of <- function(f) {
  m <- fitMeasures(f); m <- m[intersect(MEASURES, names(m))]
  m[!is.finite(m)] <- NA
  found <- as.list(m)
  # Where a statistic is no chi2 (ULSMV, unscaled), a test of close fit by it is none either.
  if (is.na(m["pvalue"])) found$rmsea.pvalue <- NULL
  shift <- f@test[[length(f@test)]]$shift.parameter
  if (length(shift) == 1 && is.finite(shift)) found$shift <- shift
  found
}

# Groups by their labels; columns side by side, which is shorter than row by row.
columns <- function(f, p, keep) {
  p <- as.data.frame(p)
  p <- p[p$op %in% c("=~", "~~", "~1", "|", "~*~"), ]
  if (f@Options$parameterization == "theta") p <- p[p$op != "~*~", ]
  labels <- lavInspect(f, "group.label")
  p$group <- if (length(labels)) labels[if (is.null(p$group)) p$block else p$group] else ""
  as.list(p[, c("lhs", "op", "rhs", "group", keep)])
}
table_of <- function(f) columns(f, parameterEstimates(f), c("est", "se"))
std_of <- function(f) columns(f, standardizedSolution(f), c("est.std", "se"))
mi_of <- function(f) columns(f, modindices(f), c("mi", "epc", "sepc.all"))
solution <- function(f, ...) list(fit = fit_of(f), free = table_of(f), ...)
matrix_of <- function(m) list(rows = rownames(m), cols = colnames(m), values = unname(unclass(as.matrix(m))))
named <- function(x) as.list(unclass(x))

# The difference test of two nested models, the restricted one second.
difference <- function(full, restricted, ...) {
  t <- lavTestLRT(full, restricted, ...)
  list(chisq = t[2, "Chisq diff"], df = t[2, "Df diff"], p = t[2, "Pr(>Chisq)"])
}

finish <- function(figures) for (name in names(figures))
  write_json(figures[[name]], file.path(out, paste0(name, ".json")), auto_unbox = TRUE, digits = I(12), na = "null")
