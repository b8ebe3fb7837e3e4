# every change
# SIGINT, or a second SIGTERM, during apply goes to the command that runs, never between two files: the change is then unfinished and says so, the next
# apply runs what is left, and undo takes everything back. A closed output stops nothing.
machine --init fast --topology intel <<-'INSIDE'
	tool=/usr/sbin/update-initramfs
	cp $tool /tmp/update-initramfs
	slow() { printf '#!/bin/sh\ntrap "echo stopped; exit 5" INT TERM HUP\necho rebuilding\nsleep 60 &\nwait\n' >$tool; }
	rm -f /usr/bin/systemctl && printf '#!/bin/sh\n' >/usr/bin/systemctl && chmod 755 /usr/bin/systemctl # no systemd in this boot
	quick() { printf '#!/bin/sh\necho rebuilt\n' >$tool; }
	files() { find /etc -type f -exec sha256sum {} + | sort -k 2; }
	files >/tmp/before

	for signal in INT TERM; do
		slow
		vfiotui apply --yes 03:00.0 >/tmp/out 2>&1 &
		pid=$!
		for _ in $(seq 100); do ! grep -q rebuilding /tmp/out || break; sleep 0.2; done
		kill -$signal $pid
		if [ $signal = TERM ]; then # the first lets the change be completed
			for _ in $(seq 100); do ! grep -q 'completed first' /tmp/out || break; sleep 0.2; done
			kill -$signal $pid
		fi
		if wait $pid; then fail "an interrupted apply ended well"; fi
		cat /tmp/out
		grep -q stopped /tmp/out
		grep -q 'a command failed' /tmp/out
		ls /etc/udev/rules.d/*vfiotui*
		vfiotui history --json | jq -e '.changes[-1].state == "failed"'
		if vfiotui status; then fail "status is content"; fi
		quick
		vfiotui apply --yes 03:00.0 >/tmp/out || { cat /tmp/out; fail "the second apply"; }
		grep -q rebuilt /tmp/out
		vfiotui history --json | jq -e '[.changes[] | select(.state == "done")] | length > 0'
		vfiotui undo --yes
		files >/tmp/after
		diff /tmp/before /tmp/after
		say "$signal: unfinished, finished, undone"
	done

	vfiotui apply --yes 03:00.0 | head -n 0
	sleep 1
	vfiotui history --json | jq -e '.changes[-1].state == "done"'
	vfiotui undo --yes
	cp /tmp/update-initramfs $tool
INSIDE
