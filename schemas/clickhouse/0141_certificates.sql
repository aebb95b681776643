-- All of certificates_between.
CREATE VIEW IF NOT EXISTS certificates AS
SELECT * FROM certificates_between(from = 0, to = 18446744073709551615)
