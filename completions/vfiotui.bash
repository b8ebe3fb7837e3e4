# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for vfiotui

_vfiotui()
{
	local commands="list show check acs plan apply undo keep history status bind release vm capture version help"
	local options="--root --demo --ids --ascii --no-color --json --override --none --yes --force --bind
		--no-pt --no-script --no-way-back --trial --disable-vga --disable-idle-d3
		--no-framebuffer --boot-loader --blacklist --user --wait --follow --acs-override --save-map --help --version"
	local codes="iommu-absent boot-loader no-vfio-module root-disk swap mounted ssh-link bridge-marked no-group
		group-incomplete group-blocked in-use-by-vm"
	local vm="list new edit delete show script xml start status stop kill pause resume log"
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' word

	COMPREPLY=()
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ " $commands " == *" $word "* ]] && command=$word && break
	done
	case $prev in
	--root | --ids)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--force)
		mapfile -t COMPREPLY < <(compgen -W "$codes" -- "$cur")
		return
		;;
	--boot-loader)
		mapfile -t COMPREPLY < <(compgen -W "grub grub-bls systemd-boot kernel-cmdline limine refind kernelstub ostree" -- "$cur")
		return
		;;
	--bind)
		mapfile -t COMPREPLY < <(compgen -W "ids address" -- "$cur")
		return
		;;
	--acs-override)
		mapfile -t COMPREPLY < <(compgen -W "none downstream multifunction downstream,multifunction id:" -- "$cur")
		return
		;;
	--override)
		mapfile -t COMPREPLY < <(compgen -W "downstream multifunction downstream,multifunction id:" -- "$cur")
		return
		;;
	--user)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return
		;;
	esac
	if [[ $cur == -* && $command == vm ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(vfiotui help vm 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p')" -- "$cur")
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
	elif [[ -z $command || $command == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
	else
		case $command in
		capture) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		vm)
			if [[ $prev == vm ]]; then
				mapfile -t COMPREPLY < <(compgen -W "$vm" -- "$cur")
			else
				mapfile -t COMPREPLY < <(cd /etc/vfiotui/vm 2>/dev/null && compgen -f -X '!*.conf' -- "$cur")
				COMPREPLY=("${COMPREPLY[@]%.conf}")
			fi
			;;
		show | check | plan | apply | bind | release)
			# readline splits words at the colons of an address
			word=${COMP_LINE:0:COMP_POINT}
			word=${word##* }
			mapfile -t COMPREPLY < <(compgen -W "$(ls /sys/bus/pci/devices 2>/dev/null)" -- "$word")
			COMPREPLY=("${COMPREPLY[@]#"${word%"$cur"}"}")
			;;
		esac
	fi
}
complete -F _vfiotui vfiotui
