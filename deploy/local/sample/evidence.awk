# Writes the files of a sample evidence locker below the directory `root`: the same files each time.
# Layout: one directory per kind of artifact, JSON files, an index.json beside them (made later, from what is there).

function pick(n) { seed = (seed * 16807) % 2147483647; return seed % n }

function hex(digits,   text) {
  text = ""
  while (length(text) < digits) text = text substr("0123456789abcdef", pick(16) + 1, 1)
  return text
}

function open_file(kind, suffix) { name = sprintf("%s/%s/%s-%04d%s.json", root, kind, substr(kind, 1, 3), number, suffix) }

function attestation() {
  open_file("attestations", ".dsse")
  printf "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"%s\",\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"%s\"}]}\n", hex(300 + pick(900)), hex(16), hex(96) > name
}

function sbom(   i, components) {
  open_file("sboms", ".cdx")
  printf "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"serialNumber\":\"urn:uuid:%s\",\"components\":[\n", hex(32) > name
  components = 40 + pick(400)
  for (i = 0; i < components; i++)
    printf "  {\"type\":\"library\",\"name\":\"lib%d\",\"version\":\"%d.%d\",\"purl\":\"pkg:deb/debian/lib%d\",\"hashes\":[{\"alg\":\"SHA-256\",\"content\":\"%s\"}]},\n", pick(2000), pick(9), pick(40), i, hex(64) > name
  printf "  {\"type\":\"application\",\"name\":\"service\"}\n]}\n" > name
}

function vex() {
  open_file("vex", ".openvex")
  printf "{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"statements\":[{\"vulnerability\":\"CVE-2025-%d\",\"status\":\"not_affected\",\"justification\":\"vulnerable_code_not_in_execute_path\",\"id\":\"%s\"}]}\n", 1000 + pick(9000), hex(32) > name
}

function verdict() {
  open_file("verdicts", "")
  printf "{\"image\":\"sha256:%s\",\"decision\":\"%s\",\"policy\":\"pack-%d\"}\n", hex(64), (pick(5) ? "pass" : "block"), pick(60) > name
}

function provenance() {
  open_file("provenance", ".slsa")
  printf "{\"predicateType\":\"https://slsa.dev/provenance/v1\",\"buildType\":\"release\",\"subject\":\"%s\",\"materials\":[\"%s\",\"%s\"]}\n", hex(64), hex(40), hex(40) > name
}

BEGIN {
  seed = 20260117
  for (number = 0; number < count; number++) {
    kind = number % 10
    if (kind < 4) attestation()
    else if (kind < 5) sbom()
    else if (kind < 7) vex()
    else if (kind < 9) verdict()
    else provenance()
    close(name)
  }
}
