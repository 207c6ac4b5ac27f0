# Invariance over occasions, continuous and ordinal.
# Rscript tests/reference/longitudinal/generate.R OUT   -> OUT/NAME.json for each data set
told <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(told, "..", "lavaan_figures.R"))

# The first occasion is the reference; residuals of an item correlate over all occasions.
ladder <- function(model, data, levels, factors, items, method, tables, ...) {
  ordinal <- "ordered" %in% names(list(...))
  fits <- lapply(levels, function(equal) {
    syntax <- do.call(measEq.syntax, c(list(model, data = data, ID.fac = "std.lv", auto = "all",
      longFacNames = list(f = factors), longIndNames = items, long.equal = equal),
      if (ordinal) list(ordered = names(data), parameterization = "theta", ID.cat = "Wu.Estabrook.2016")))
    fit(as.character(syntax), data, std.lv = FALSE, meanstructure = TRUE,
        parameterization = if (ordinal) "theta" else "delta", ...)
  })
  found <- lapply(fits, function(f) list(fit = fit_of(f)))
  for (level in tables) found[[level]] <- c(found[[level]], list(free = table_of(fits[[level]]), std = std_of(fits[[level]])))
  for (i in seq_along(levels)[-1]) found[[i]]$diff <- difference(fits[[i - 1]], fits[[i]], method = method)
  found
}

x <- get_data("exlong")
three <- "f1 =~ y1t1 + y2t1 + y3t1\nf2 =~ y1t2 + y2t2 + y3t2\nf3 =~ y1t3 + y2t3 + y3t3"
steps <- list(configural = "", metric = "loadings", scalar = c("loadings", "intercepts"),
              strict = c("loadings", "intercepts", "residuals"))
y_items <- list(y1 = paste0("y1t", 1:3), y2 = paste0("y2t", 1:3), y3 = paste0("y3t", 1:3))
continuous <- function(method, tables, ...) ladder(three, x, steps, paste0("f", 1:3), y_items, method, tables, ...)

u <- get_data("datcat")
two <- "f1 =~ u1 + u2 + u3 + u4\nf2 =~ u5 + u6 + u7 + u8"
u_items <- list(u1 = c("u1", "u5"), u2 = c("u2", "u6"), u3 = c("u3", "u7"), u4 = c("u4", "u8"))
ordinal_steps <- list(configural = "", thresholds = "thresholds", metric = c("thresholds", "loadings"),
  scalar = c("thresholds", "loadings", "intercepts"), strict = c("thresholds", "loadings", "intercepts", "residuals"))
finish(list(
  exlong = list(occasions_ml = continuous("default", names(steps), estimator = "ML"),
                occasions_mlr = continuous("satorra.bentler.2001", "scalar", estimator = "MLR")),
  datcat = list(occasions_ordinal = ladder(two, u, ordinal_steps, c("f1", "f2"), u_items, "satorra.2000",
                names(ordinal_steps), ordered = names(u), estimator = "WLSMV"))))
