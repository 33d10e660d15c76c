"""Tables of errors that others measured: growth, sizes, thresholds and the joint scaling law of any sweep."""
