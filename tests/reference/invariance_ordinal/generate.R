# Ordinal ladders that the first figures lack: strict, three groups, few categories, partial.
# Rscript tests/reference/invariance_ordinal/generate.R OUT   -> OUT/bfi.json
told <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(told, "..", "lavaan_figures.R"))

LEVELS <- list(configural = "", thresholds = "thresholds", metric = c("thresholds", "loadings"),
               scalar = c("thresholds", "loadings", "intercepts"),
               strict = c("thresholds", "loadings", "intercepts", "residuals"))
ladder <- function(data, items, name, levels = names(LEVELS), partial = "", tables = c(), pairs = NULL, estimator = "WLSMV") {
  model <- paste(name, "=~", paste(items, collapse = " + "))
  data <- na.omit(data[, c("group", items)]); fits <- list(); found <- list()
  for (level in levels) {
    syntax <- measEq.syntax(model, data = data, ordered = items, parameterization = "theta",
      ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", group = "group",
      group.equal = LEVELS[[level]], group.partial = if (level == "configural") "" else partial)
    f <- fit(as.character(syntax), data, ordered = items, group = "group", std.lv = FALSE,
             parameterization = "theta", estimator = estimator)
    fits[[level]] <- f
    found[[level]] <- list(fit = fit_of(f))
    if (level %in% tables) found[[level]] <- c(found[[level]], list(free = table_of(f), std = std_of(f)))
  }
  if (is.null(pairs)) pairs <- Map(c, head(levels, -1), tail(levels, -1))
  for (p in pairs) {
    d <- try(difference(fits[[p[1]]], fits[[p[2]]], method = "satorra.2000", A.method = "delta"), silent = TRUE)
    if (!inherits(d, "try-error")) found[[p[2]]]$diff <- c(d, list(from = p[1]))
    else cat("no difference:", p, "\n")
  }
  found
}

bfi <- get_data("bfi"); a <- paste0("A", 1:5); n <- paste0("N", 1:5)
# A third group by a rule: females in odd rows of the file, and in even rows.
three <- bfi; odd <- seq_len(nrow(bfi)) %% 2 == 1
three$group <- ifelse(bfi$group == "male", "male", ifelse(odd, "female odd", "female even"))
# Three categories: 1-2, 3-4, 5-6. Two: 1-4, 5-6.
merged <- bfi; merged[, c(a, n)] <- ceiling(bfi[, c(a, n)] / 2)
split <- bfi; split[, c(a, n)] <- (bfi[, c(a, n)] > 4) * 1

finish(list(bfi = list(
  agree = ladder(bfi, a, "agree", tables = names(LEVELS)),
  neuro = ladder(bfi, n, "neuro"),
  three_groups = ladder(three, a, "agree", tables = "scalar"),
  three_categories = ladder(merged, a, "agree", tables = "strict",
    pairs = list(c("configural", "metric"), c("metric", "scalar"), c("scalar", "strict"))),
  # Equal intercepts are no special case of equal loadings, but of equal thresholds.
  two_categories = ladder(split, a, "agree", tables = c("metric", "scalar", "strict"),
    pairs = list(c("configural", "metric"), c("thresholds", "scalar"), c("scalar", "strict"))),
  partial_loading = ladder(bfi, a, "agree", partial = "agree =~ A1", tables = "scalar"),
  partial_intercept = ladder(bfi, a, "agree", partial = c("agree =~ A1", "A2 ~ 1"), tables = "scalar"),
  partial_threshold = ladder(bfi, n, "neuro", partial = "N3 | t2", tables = "scalar"),
  ulsmv = ladder(bfi, a, "agree", estimator = "ULSMV"))))
