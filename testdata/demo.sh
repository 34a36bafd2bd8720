#!/bin/sh
# make demo: converts bundled models of several families and formats, and shows one folder.
set -eu
hf2olmo=$1
rm -rf demo
for model in olmo2 olmo-tied llama-bin-sharded mistral hf_olmo-gpt; do
	"$hf2olmo" convert "testdata/models/$model" --into demo
	echo
done
echo "The folder of one of them:"
ls -l demo/olmo2-unsharded
echo
echo "Its config.yaml is a complete training config; the model's part:"
sed -n '/^model:/,/^$/p' demo/olmo2-unsharded/config.yaml | head -12
echo "  ..."
