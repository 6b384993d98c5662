# shellcheck shell=bash
# What schema.sh and schema_apply.sh share, after lib.bash and begin: validate.py, mutate.py and valid.

python=$(python_that "import jsonschema; jsonschema.Draft202012Validator") ||
  skip "python3-jsonschema is not installed"

cat >validate.py <<'PYTHON'
"""validate.py SCHEMA DOCUMENT: says what is wrong with the document; exit 1 if anything is."""
import json, sys
import jsonschema

def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError(f"a name stands twice: {names}")
    return dict(pairs)

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
with open(sys.argv[2], "rb") as file:
    document = json.loads(file.read().decode("utf-8"), object_pairs_hook=no_duplicates)
errors = list(jsonschema.Draft202012Validator(schema).iter_errors(document))
for error in errors[:5]:
    print(f"{'/'.join(map(str, error.absolute_path)) or 'top'}: {error.message[:300]}", file=sys.stderr)
sys.exit(1 if errors else 0)
PYTHON

# Mutated documents must not fit, or the schemas say nothing. Prints each that does.
cat >mutate.py <<'PYTHON'
import copy, json, sys
import jsonschema
schema, document, statements = sys.argv[1:4]
validator = jsonschema.Draft202012Validator(json.load(open(schema, encoding="utf-8")))
original = json.load(open(document, encoding="utf-8"))
validator.validate(original)
bad = 0
for statement in statements.strip().split("\n"):
    d = copy.deepcopy(original)
    exec(statement)
    if validator.is_valid(d):
        print(f"fits the schema although: {statement}", file=sys.stderr)
        bad = 1
sys.exit(bad)
PYTHON

schemas=$source_dir/docs/schemas
valid() { "$python" validate.py "$schemas/$1.json" "${2:-out}"; }
invalid() { ! "$python" validate.py "$schemas/$1.json" "$2" 2>/dev/null; }
