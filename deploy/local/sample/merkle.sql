-- Reads lines from standard input and prints the root of their Merkle tree as RFC 6962 (2.1) defines it, in hex.
CREATE TEMPORARY TABLE nodes (at bigint GENERATED ALWAYS AS IDENTITY, line text);
\copy nodes (line) FROM pstdin
ALTER TABLE nodes ADD node bytea;
UPDATE nodes SET node = sha256('\x00'::bytea || convert_to(line, 'UTF8')), line = NULL;
DO $$
DECLARE
  level bytea[] := ARRAY(SELECT node FROM nodes ORDER BY at);
BEGIN
  WHILE cardinality(level) > 1 LOOP
    -- Two by two; an odd one at the end goes up as it is.
    level := ARRAY(
      SELECT CASE WHEN count(*) = 2 THEN sha256('\x01'::bytea || (array_agg(node ORDER BY at))[1] || (array_agg(node ORDER BY at))[2]) ELSE (array_agg(node))[1] END
      FROM unnest(level) WITH ORDINALITY AS pair (node, at) GROUP BY (at + 1) / 2 ORDER BY (at + 1) / 2);
  END LOOP;
  DELETE FROM nodes;
  INSERT INTO nodes (node) VALUES (coalesce(level[1], sha256('')));
END $$;
SELECT encode(node, 'hex') FROM nodes;
