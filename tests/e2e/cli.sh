#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line from outside: exit statuses, sentences, the JSON contract, and what bad input and bad moments do.
set -u
command -v jq >/dev/null || { echo "jq is missing: the command line was not tested"; exit 77; }
recording=$TOP/src/machine/demo/desktop.txt
export TMPDIR=$TMP/tmp
mkdir "$TMPDIR"
bad=0 cases=0

complain() {
	echo "FAILED: $*"
	bad=1
}

# Runs the program; standard output in $TMP/out, standard error in $TMP/errors.
run() {
	"$VFIOTUI" "$@" >"$TMP/out" 2>"$TMP/errors" </dev/null
}

status() { # WANTED ARGUMENTS...
	local wanted=$1 got
	shift
	cases=$((cases + 1))
	run "$@"
	got=$?
	[ $got -eq "$wanted" ] || complain "status $got, not $wanted: $*: $(tail -n 2 "$TMP/errors")"
}

# One sentence on standard error that holds the words; the status is 1 (refused).
refused() { # WORDS ARGUMENTS...
	local words=$1
	shift
	status 1 "$@"
	grep -qF -- "$words" "$TMP/errors" || complain "no \"$words\" in: $(cat "$TMP/errors") ($*)"
	[ "$(wc -l <"$TMP/errors")" -eq 1 ] || complain "not one line: $(cat "$TMP/errors") ($*)"
}

holds() { # FILTER: of the last output
	cases=$((cases + 1))
	jq -e "$1" "$TMP/out" >/dev/null || complain "does not hold: $1"
}

machine() { # a fresh root in $root
	root=$TMP/root
	rm -rf "$root"
	mkdir "$root"
	"$BUILD/tools/unpack" "$recording" "$root" || exit 1
}

# Everything below the root but the journal: names, kinds, modes, links, bytes.
picture() {
	(cd "$root" && find . -path ./var -prune -o -printf '%p %y %m %l\n' | sort
		find . -path ./var -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)
}

unchanged() { # WHAT
	cases=$((cases + 1))
	diff "$TMP/before" <(picture) >"$TMP/diff" || { complain "$1 left something behind"; head -n 5 "$TMP/diff"; }
}

# --- usage -----------------------------------------------------------------------------------------
machine
for words in '' 'list' 'check' '--help' '-h' 'list --help' 'help' 'help plan' '--version' '-V' 'version' 'history' \
	'plan 01:00' 'plan --none' 'show 01:00.0' 'plan group:8' 'plan 01:00 --bind address --no-pt --no-script --user alex'; do
	# shellcheck disable=SC2086
	status 0 --root "$root" $words
	[ -s "$TMP/out" ] || complain "no output: $words"
done
for words in 'frobnicate' 'list 01:00.0' 'list --yes' 'check --none' 'show' 'show 01:00.0 01:00.1' 'plan' 'plan --none 01:00' \
	'plan --json=1 01:00' '--frobnicate' '-x' 'apply --force' 'apply --yes --force=grup-incomplete 01:00' 'plan --bind=name 01:00' 'plan --user=a;b 01:00' 'plan --user= 01:00' \
	'undo x' 'undo 0' 'undo 1 2' 'help frobnicate' 'version 1' '--root' 'apply 01:00 --json' '--yes' '--root=/ list' 'list --memory 4G' 'vm frobnicate' 'vm new' \
	'vm list x' 'vm new x --memory lots' 'vm new x --frobnicate 1' 'vm new a/b' 'vm new ..' 'vm new x y z' 'vm start x --memory 4G' 'vm edit --memory' \
	'vm status x --yes' 'vm delete x --json'; do
	# shellcheck disable=SC2086
	status 2 --demo $words
	grep -q 'Try: vfiotui --help' "$TMP/errors" || complain "no hint: $words"
	[ ! -s "$TMP/out" ] || complain "output beside wrong usage: $words"
done
status 0 --demo list
[ -z "$(ls -A "$TMPDIR")" ] || complain "temporary directories left: $(ls "$TMPDIR")"

# --- what is not there -------------------------------------------------------------------------------
refused '77:00.0' --demo show 77:00.0
refused '77:00.0' --demo plan 01:00.0 77:00.0
refused 'group 99' --demo check group:99
refused 'not a PCI address' --demo plan nvidia
refused 'not a PCI address' --demo plan 0000:01:00.9
refused 'no IOMMU group' --demo plan 00:00.0
refused 'no IOMMU group' --demo apply --yes 00:00.0
refused 'there are:' --demo=nowhere list
refused "$TMP/nowhere" --root "$TMP/nowhere" list
refused "$TMP/nowhere" --demo --ids "$TMP/nowhere" list
printf 'file /etc/../../x\n|\n' >"$TMP/bad.txt"
refused "$TMP/bad.txt" --root "$TMP/bad.txt" list
refused 'no change' --demo undo
refused 'no terminal' --demo apply 01:00
"$VFIOTUI" --demo list >/dev/full 2>"$TMP/errors"
[ $? -eq 1 ] && [ -s "$TMP/errors" ] || complain "a full output is no error"
mkdir "$TMP/empty"
status 0 --root "$TMP/empty" list
status 0 --root "$TMP/empty" list --json
holds '.groups == [] and .ungrouped == []'

# --- the contract ------------------------------------------------------------------------------------
device='has("address") and has("class") and has("vendor") and has("device") and has("revision") and has("subsystem")
	and has("driver") and has("modules") and has("name") and has("bridge") and has("boot_vga") and has("reset")
	and has("used_by") and has("configured")'
finding='(.code | type == "string") and (.severity | IN("block", "warn", "note")) and (.subject | type == "string")
	and (.text | length > 0) and has("remedy")'
status 0 --root "$root" list --json
holds ".schema == 1 and ([.groups[].devices[], .ungrouped[]] | length > 30 and all($device))"
holds '.host | .cpu_vendor == "amd" and .iommu == "on" and .firmware == "uefi" and .bootloader == "grub" and .initramfs == "mkinitcpio"
	and .kernel == "6.12.8-arch1-1"'
holds '.groups[] | select(.id == 8) | .state == "ok" and (.devices[0] | .address == "0000:01:00.0" and .class == "0300"
	and .vendor == "10de" and .device == "1f03" and .revision == "a1" and .subsystem == "1462:3770" and .driver == "nouveau"
	and .modules == ["nouveau"] and .bridge == false and .boot_vga == false and .configured == false)'
holds '[.groups[] | select(.state == "shared") | .id] == [9]'
status 0 --root "$root" show 01:00.0 --json
holds "($device) and .group == 8 and (.bridges | length > 0)"
status 1 --root "$root" plan --user nosuch 01:00
grep -q 'has no user "nosuch"' "$TMP/errors" || complain "does not say that the user is not known"
status 0 --root "$root" list
grep -qx 'Group 7 bridges, stay with the host' "$TMP/out" || complain "bridges without a VM's use are not told as such"
status 0 --root "$root" plan --user alex 01:00
! grep -q 'has no user' "$TMP/out" || complain "does not know the user alex"
status 1 --root "$root" check 01:00.0 --json
holds "(.findings | all($finding)) and (.findings[0] | .code == \"group-incomplete\" and .severity == \"block\" and .subject == \"group:8\"
	and (.remedy | contains(\"01:00.1\")))"
status 1 --root "$root" check 02:00.1 --json
holds '[.findings[] | select(.code == "root-disk")] | length == 1 and .[0].severity == "block" and .[0].subject == "0000:02:00.1"'
status 0 --root "$root" check 09:00.0 --json
holds '[.findings[].code] | index("boot-vga") != null'
status 0 --root "$root" check --json
holds '.findings == []'
status 0 --demo=iommu-off check --json
holds '[.findings[] | {code, severity, subject}] == [{"code": "iommu-off", "severity": "warn", "subject": "host"}]'
status 0 --root "$root" plan 01:00 --json
holds "(.findings | all($finding)) and (.reboot == true) and (.edits | length > 0) and (.commands | length > 0)"
holds '.edits | all((.path | startswith("/")) and (.action | IN("create", "change", "remove")) and (.why | length > 0)
	and (.diff | startswith("--- ")))'
holds '.commands | all((.argv | length > 0 and all(type == "string")) and (.why | length > 0))'
holds '[.edits[].path] | index("/etc/modprobe.d/vfio.conf") != null'
status 0 --root "$root" status --json
holds '.ok == true and .checks == []'
status 0 --root "$root" history --json
holds '.changes == []'

# --- a change, twice, and back -------------------------------------------------------------------------
machine
picture >"$TMP/before"
status 0 --root "$root" plan 01:00
unchanged "plan"
refused 'no terminal' --root "$root" apply 01:00
unchanged "an apply nobody confirmed"
refused '--force group-incomplete' --root "$root" apply --yes 01:00.0
unchanged "a blocked apply"
status 0 --root "$root" apply --yes 01:00
grep -q '^not run' "$TMP/out" || complain "commands of another root are not listed as not run"
grep -q 'Next: ' "$TMP/out" || complain "no next step"
grep -q 'ids=10de:1f03,10de:10f9' "$root/etc/modprobe.d/vfio.conf" || complain "vfio.conf does not say so"
picture >"$TMP/after"
status 0 --root "$root" plan 01:00 --json
holds '.edits == [] and .commands == []'
status 0 --root "$root" apply --yes 01:00
diff "$TMP/after" <(picture) || complain "applying twice changed something"
status 0 --root "$root" list --json
holds '[.groups[].devices[] | select(.configured) | .address] == ["0000:01:00.0", "0000:01:00.1"]'
status 1 --root "$root" status --json
holds '.ok == false and (.checks | all((.what | length > 0) and has("ok") and has("found") and has("remedy")))
	and ([.checks[] | select(.what | startswith("0000:01:00.0 bound"))] | .[0].ok == false and .[0].remedy == "reboot")'
status 0 --root "$root" history --json
holds '.changes | length == 1 and .[0].id == 1 and .[0].state == "done" and .[0].devices == ["0000:01:00.0", "0000:01:00.1"]'
status 0 --root "$root" undo --yes
unchanged "undo"
refused 'no change' --root "$root" undo --yes
status 0 --root "$root" apply --yes 01:00
status 0 --root "$root" apply --yes --none
unchanged "--none"
status 0 --root "$root" apply --yes --force group-incomplete 01:00.0
status 0 --root "$root" undo --yes
unchanged "undo of a forced apply"
status 1 --root "$root" bind 01:00
grep -q '^not done' "$TMP/out" || complain "bind on another root"
unchanged "bind on another root"
rm "$root"/sys/firmware/acpi/tables/IVRS
rm -rf "$root"/sys/kernel/iommu_groups
status 0 --root "$root" apply --yes --none # nothing to take back is never refused

# --- somebody else's hands -----------------------------------------------------------------------------
machine
status 0 --root "$root" apply --yes 01:00
echo '# mine' >>"$root/etc/modprobe.d/vfio.conf"
picture >"$TMP/before"
refused '/etc/modprobe.d/vfio.conf' --root "$root" undo --yes
unchanged "a refused undo"

machine
echo 'GRUB_CMDLINE_LINUX_DEFAULT="quiet' >"$root/etc/default/grub"
picture >"$TMP/before"
status 0 --root "$root" list
refused '/etc/default/grub' --root "$root" plan 01:00
refused '/etc/default/grub' --root "$root" apply --yes 01:00
unchanged "a broken configuration file"

machine
mkdir "$TMP/outside"
echo precious >"$TMP/outside/vfio.conf"
ln -s "../../../../../../../../../..$TMP/outside/vfio.conf" "$root/etc/modprobe.d/vfio.conf"
ln -s "$TMP/outside/nothing" "$root/etc/udev/rules.d/70-vfiotui-vfio.rules"
run --root "$root" apply --yes 01:00
[ "$(cat "$TMP/outside/vfio.conf")" = precious ] && [ "$(ls "$TMP/outside")" = vfio.conf ] ||
	complain "a symbolic link led out of the root"

# --- attributes that can't be read -------------------------------------------------------------------------
machine
device=$(readlink -f "$root/sys/bus/pci/devices/0000:08:00.0")
rm "$device"/config "$device"/uevent "$device"/driver
mkdir "$device"/config "$device"/uevent
printf 'nonsense\n' >"$device/revision"
ln -s /nowhere "$device/driver"
ln -s ../../../devices/nowhere "$root/sys/bus/pci/devices/0000:78:00.0" # vanished between listing and reading
ln -s 0000:79:00.0 "$root/sys/bus/pci/devices/0000:79:00.0"             # a link to itself
status 0 --root "$root" list --json
holds '[.groups[].devices[].address] | length > 30 and index("0000:78:00.0") == null and index("0000:79:00.0") == null'
status 0 --root "$root" check 01:00

# --- names that are not text -----------------------------------------------------------------------------
machine
printf '10de  \033]0;owned\007NVIDIA \033[2J\302\233 2J\303(\n\t1f03  evil \033[31m\342\200\256card\tTAB\n\t10f9  100%%s%%n\n' >"$TMP/pci.ids"
for words in 'list' 'show 01:00.0' 'check 01:00.0' 'plan 01:00'; do
	# shellcheck disable=SC2086
	"$VFIOTUI" --root "$root" --ids "$TMP/pci.ids" $words >"$TMP/out" 2>&1
	cases=$((cases + 1))
	if LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' "$TMP/out"; then
		complain "control characters came through: $words"
	fi
	iconv -f UTF-8 -t UTF-8 "$TMP/out" >/dev/null || complain "not UTF-8: $words"
	# shellcheck disable=SC2086
	"$VFIOTUI" --root "$root" --ids "$TMP/pci.ids" $words --json >"$TMP/out"
	jq -e . "$TMP/out" >/dev/null || complain "not JSON: $words"
	LC_ALL=C grep -qaP '[^\x0a\x20-\x7e]' "$TMP/out" && complain "JSON with bytes a terminal might obey: $words"
done
"$VFIOTUI" --root "$root" --ids "$TMP/pci.ids" list --json >"$TMP/out"
holds '[.groups[].devices[].name] | any(contains("\u001b[31m")) and any(contains("100%s%n"))'
LC_ALL=C "$VFIOTUI" --root "$root" list | LC_ALL=C grep -qaP '[\x80-\xff]' && complain "bytes outside ASCII in the C locale"
"$VFIOTUI" --root "$root" --ascii list | LC_ALL=C grep -qaP '[\x80-\xff]' && complain "bytes outside ASCII with --ascii"

# --- a terminal that says yes, no, or nothing ---------------------------------------------------------------
# Waits until the question is there, does COMMAND, then types WORD.
at_question() { # WORD COMMAND ARGUMENTS...
	local word=$1 command=$2 i
	shift 2
	: >"$TMP/screen"
	{
		for ((i = 0; i < 100; i++)); do
			grep -q 'Type yes' "$TMP/screen" && break
			sleep 0.1
		done
		eval "$command"
		printf '%s\n' "$word"
	} | script -qefc "$VFIOTUI $*" "$TMP/screen" >/dev/null
}
if command -v script >/dev/null; then
	machine
	picture >"$TMP/before"
	at_question no : --root "$root" apply 01:00 && complain "\"no\" was taken for yes"
	unchanged "\"no\""
	at_question yes 'echo "# later" >>"$root/etc/default/grub"' --root "$root" apply 01:00 && complain "a file that changed since was replaced"
	grep -q 'changed since the preview' "$TMP/screen" || complain "does not say that the file changed since the preview"
	[ ! -e "$root/etc/modprobe.d/vfio.conf" ] || complain "half a change was written"
	at_question yes : --root "$root" apply 01:00 || complain "\"yes\" did not write"
	[ -e "$root/etc/modprobe.d/vfio.conf" ] || complain "nothing was written"
	at_question "$(printf '\003')" : --demo apply 01:00 && complain "Ctrl-C is no answer"
	[ -z "$(ls -A "$TMPDIR")" ] || complain "temporary directories left after Ctrl-C"
else
	echo "skipped: no script(1) to make a terminal with"
fi

# --- file systems that take nothing ---------------------------------------------------------------------------
small() { # OPTIONS: runs the rest of the words in a namespace where $root/etc is a file system of its own
	local options=$1 namespace=-m
	shift
	[ "$(id -u)" -eq 0 ] || namespace=-rm
	unshare $namespace true 2>/dev/null || return 99 # a container that allows none
	unshare $namespace bash -c 'mkdir "$2/copy" && cp -a "$2/root/etc/." "$2/copy" && mount -t tmpfs -o size=300k none "$2/root/etc" &&
		cp -a "$2/copy/." "$2/root/etc" && { [ "$1" != ro ] || mount -o remount,ro "$2/root/etc"; } &&
		{ [ "$1" != full ] || dd if=/dev/zero of="$2/root/etc/fill" 2>/dev/null; true; } &&
		(cd "$2/root/etc" && find . -type f -exec sha256sum {} + | sort) >"$2/sums" || exit 99
		shift 2
		"$@"
		s=$?
		(cd "$TMP/root/etc" && find . -type f -exec sha256sum {} + | sort) | diff "$TMP/sums" - || exit 98
		exit $s' bash "$options" "$TMP" "$@" >"$TMP/out" 2>"$TMP/errors"
	local s=$?
	rm -rf "$TMP/copy"
	return $s
}
machine
for kind in ro full; do
	cases=$((cases + 1))
	small $kind "$VFIOTUI" --root "$root" apply --yes 01:00
	case $? in
	1) grep -q '/etc/' "$TMP/errors" || complain "$kind: no path in: $(cat "$TMP/errors")" ;;
	99) echo "skipped: no file system of its own to be had here ($kind)" ;;
	98) complain "$kind: half a change was written: $(cat "$TMP/out")" ;;
	*) complain "$kind: not refused: $(cat "$TMP/out" "$TMP/errors")" ;;
	esac
done

# --- a closed pipe and a signal -----------------------------------------------------------------------------------
"$VFIOTUI" --demo list | head -n 1 >/dev/null
machine
"$VFIOTUI" --root "$root" apply --yes 01:00 | head -n 0
cases=$((cases + 1))
status 0 --root "$root" history --json
holds '.changes | length == 1 and .[0].state == "done"'
[ -z "$(ls -A "$TMPDIR")" ] || complain "temporary directories left: $(ls "$TMPDIR")"

echo "measured: $cases cases of the command line"
exit $bad
