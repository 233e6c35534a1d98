"""Route 53's API of 2013-04-01: public hosted zones with simple and alias records. REST with XML bodies."""
