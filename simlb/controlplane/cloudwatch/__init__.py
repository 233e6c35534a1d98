"""CloudWatch, as far as it tells the metrics of load balancers: questions in any of its three protocols."""
