"""One file for each way of choosing a target among the candidates."""
