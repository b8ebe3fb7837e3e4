#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every recorded machine through `list --json`: each device with its group, class, ids, revision, subsystem and driver,
# exactly those of the listing, and what must hold for any machine.
set -u
command -v jq >/dev/null || { echo "jq is missing: the recorded machines were not compared"; exit 77; }
bad=0 machines=0 devices=0

# GROUP ADDRESS CLASS VENDOR:DEVICE REVISION SUBSYSTEM DRIVER of a listing; "-" of a revision means 00
expected() {
	awk -F '\t' -v OFS='\t' '
		sub(/^#ungrouped\t/, "") { $0 = $0 }
		/^#/ || NF < 7 || $2 !~ /^[0-9a-f]+:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]\.[0-7]$/ { next }
		{ print $1, $2, $3, $4, $5 == "-" ? "00" : $5, $6, $7 }' "$1" | sort
}

found() {
	jq -r '(.groups[] | .id as $g | .devices[] | [$g, .]), (.ungrouped[] | ["-", .])
		| .[0] as $g | .[1]
		| [$g, .address, .class, .vendor + ":" + .device, .revision, .subsystem // "-", .driver // "-"] | @tsv' "$1" | sort
}

laws='
	def sorted_by(f): . == sort_by(f);
	.schema == 1
	and (.groups | sorted_by(.id))
	and (.groups | all(.devices | length > 0))
	and (.groups | all(.state | IN("ok", "incomplete", "blocked", "shared")))
	and ([.groups[].devices[], .ungrouped[]] | (map(.address) | unique | length) == length)
	and ([.groups[].devices[], .ungrouped[]] | all(
		(.name | type == "string" and length > 0) and (.modules | type == "array") and (.reset | type == "array")
		and (.used_by | type == "array") and (.configured | type == "boolean")
		and (.bridge == (.class | IN("0604", "0607", "0609")))
		and (.boot_vga == null or (.boot_vga | type == "boolean"))))
	and (.host | has("kernel") and has("cpu_vendor") and has("iommu") and has("firmware") and has("bootloader")
		and has("initramfs") and has("acs_override"))'

for machine in "$TOP"/tests/machines/*.txt; do
	name=${machine##*/}
	if ! "$VFIOTUI" --root "$machine" list --json >"$TMP/list.json" 2>"$TMP/errors" || [ -s "$TMP/errors" ]; then
		echo "$name: list --json: $(cat "$TMP/errors")"
		bad=1
		continue
	fi
	expected "$machine" >"$TMP/expected"
	found "$TMP/list.json" >"$TMP/found"
	if ! diff "$TMP/expected" "$TMP/found" >"$TMP/diff"; then
		echo "$name: < is the listing, > what list says"
		head -n 20 "$TMP/diff"
		bad=1
	fi
	jq -e "$laws" "$TMP/list.json" >/dev/null || { echo "$name: the contract does not hold"; bad=1; }
	rows=$("$VFIOTUI" --root "$machine" list | grep -c '^  [0-9a-f:]*\.[0-7] ')
	[ "$rows" -eq "$(wc -l <"$TMP/expected")" ] || { echo "$name: $rows rows in the text"; bad=1; }
	machines=$((machines + 1))
	devices=$((devices + $(wc -l <"$TMP/expected")))
done
[ $machines -ge 44 ] || { echo "only $machines machines"; bad=1; }
echo "measured: $devices devices of $machines recorded machines compared one by one"
exit $bad
