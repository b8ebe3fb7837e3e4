# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            builds build/vfiotui and build/libvfiotui.a; installs nothing, names what is missing
# make run        installs what is missing (after naming it), builds, opens this machine
# make test       the same dependency step, then all tests that need no virtual machine
# make help       the other targets

VERSION := 0.1.0

BUILD ?= build
PREFIX ?= /usr/local
PKG_CONFIG ?= pkg-config
CLANG ?= clang
CLANG_FORMAT ?= clang-format

PACKAGES := ncursesw libpci libkmod libudev jansson
CORE_PACKAGES := libpci libkmod libudev jansson

std := -std=c17 -D_GNU_SOURCE -DVFIOTUI_VERSION='"$(VERSION)"'
warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wvla -Wformat=2 -Wwrite-strings -Wpointer-arith \
	-Wcast-qual -Wundef -Wnull-dereference -Wswitch-enum -Wimplicit-fallthrough
gcc_warnings := -Wduplicated-cond -Wlogical-op
hardening := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
link_hardening := -pie -Wl,-z,relro,-z,now
ifdef WERROR
warnings += -Werror
endif
ifdef SANITIZE
CFLAGS ?= -O1 -g -fno-omit-frame-pointer
hardening := -fsanitize=address,undefined -fno-sanitize-recover=undefined
link_hardening := -fsanitize=address,undefined
endif
CFLAGS ?= -O2 -g

goals := $(or $(MAKECMDGOALS),all)
needs_packages := $(filter all build/% $(BUILD)/% install unit-tests objects tools demo bench golden screenshots vm test-vm,$(goals))

probe = $(shell $(PKG_CONFIG) --exists $(PACKAGES) 2>/dev/null && echo yes)
pkg_cflags := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
core_libs := $(shell $(PKG_CONFIG) --libs $(CORE_PACKAGES) 2>/dev/null)
all_libs := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)
is_gcc := $(shell $(CC) --version 2>/dev/null | grep -q 'Free Software Foundation' && echo yes)
flags = $(std) $(warnings) $(if $(is_gcc),$(gcc_warnings)) $(hardening) -Iinclude -I$(BUILD)/include $(pkg_cflags) \
	$(CPPFLAGS) $(CFLAGS)

ifneq ($(needs_packages),)
ifneq ($(probe),yes)
$(shell sh packaging/dependencies missing >&2)
$(error The packages named above are missing; "make run" and "make test" install them)
endif
endif

core_sources := $(sort $(wildcard src/base/*.c src/host/*.c src/machine/*.c src/advice/*.c src/config/*.c src/vm/*.c src/change/*.c))
cli_sources := $(sort $(wildcard src/cli/*.c))
ui_sources := $(sort $(wildcard ui/*.c))
unit_sources := $(sort $(wildcard tests/unit/test_*.c))
ui_test_sources := $(sort $(wildcard tests/ui/test_*.c))
support_sources := $(sort $(wildcard tests/support/*.c))
fuzz_sources := $(sort $(wildcard tests/fuzz/fuzz_*.c))
bundled := $(sort $(wildcard src/machine/demo/*.txt))
launch_parts := $(sort $(wildcard src/vm/launch/*.sh))

object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
core_objects := $(call object,$(core_sources)) $(if $(bundled),$(BUILD)/obj/bundled.o) $(BUILD)/obj/launch.o
main_object := $(BUILD)/obj/src/cli/main.o
cli_objects := $(filter-out $(main_object),$(call object,$(cli_sources)))
ui_objects := $(call object,$(ui_sources))
support_objects := $(call object,$(support_sources))
unit_tests := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(unit_sources))
ui_tests := $(patsubst tests/ui/%.c,$(BUILD)/tests/%,$(ui_test_sources))
fuzz_replays := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/%,$(fuzz_sources))

ifndef V
quiet = @printf '  %-5s %s\n' '$(1)' '$(patsubst $(BUILD)/%,%,$@)';
endif

.PHONY: all
all: $(BUILD)/vfiotui $(BUILD)/libvfiotui.a

$(BUILD)/vfiotui: $(main_object) $(cli_objects) $(ui_objects) $(BUILD)/libvfiotui.a
	$(call quiet,LINK)$(CC) $(link_hardening) $(LDFLAGS) -o $@ $^ $(all_libs)

# Everything but the program itself; make fuzz links it with other flags.
.PHONY: objects
objects: $(core_objects) $(cli_objects) $(ui_objects)

$(BUILD)/libvfiotui.a: $(core_objects)
	$(call quiet,AR)rm -f $@; $(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(flags) -MMD -MP -c -o $@ $<

# The recorded machines that --demo opens, inside the program: one array a file.
$(BUILD)/bundled.c: $(bundled) packaging/bundle
	@mkdir -p $(@D)
	$(call quiet,GEN)sh packaging/bundle $(bundled) > $@.new && mv $@.new $@

$(BUILD)/obj/bundled.o: $(BUILD)/bundled.c
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(flags) -MMD -MP -c -o $@ $<

# The parts of the launch script, inside the program.
$(BUILD)/launch.c: $(launch_parts) packaging/embed
	@mkdir -p $(@D)
	$(call quiet,GEN)sh packaging/embed $(launch_parts) > $@.new && mv $@.new $@

$(BUILD)/obj/launch.o: $(BUILD)/launch.c
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(flags) -MMD -MP -c -o $@ $<

# --- tests -----------------------------------------------------------------

.PHONY: unit-tests
unit-tests: $(unit_tests) $(ui_tests) $(fuzz_replays) tools

# The core's tests link without ncurses: that is the proof that the core does not need it.
$(BUILD)/tests/test_%: $(BUILD)/obj/tests/unit/test_%.o $(support_objects) $(BUILD)/libvfiotui.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(link_hardening) $(LDFLAGS) -o $@ $^ $(core_libs) -lcmocka

$(ui_tests): $(BUILD)/tests/%: $(BUILD)/obj/tests/ui/%.o $(support_objects) $(ui_objects) $(BUILD)/libvfiotui.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(link_hardening) $(LDFLAGS) -o $@ $^ $(all_libs) -lcmocka

# Fuzz entries replay their corpus with a plain compiler here; make fuzz builds them with libFuzzer.
$(BUILD)/tests/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay.o $(ui_objects) $(cli_objects) $(BUILD)/libvfiotui.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(link_hardening) $(LDFLAGS) -o $@ $^ $(all_libs)

# Small programs for benchmarks and scripts.
.PHONY: tools
tools: $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(sort $(wildcard tests/tools/*.c)))

$(BUILD)/tools/%: $(BUILD)/obj/tests/tools/%.o $(BUILD)/libvfiotui.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(link_hardening) $(LDFLAGS) -o $@ $^ $(core_libs) -lutil

.PHONY: test
test:
	@sh packaging/dependencies install build test
	@$(MAKE) --no-print-directory WERROR=$(WERROR) all unit-tests
	@tests/run $(BUILD)

.PHONY: check
check: check-format check-layers check-headers check-scripts check-compilers check-docs

.PHONY: check-format
check-format:
	$(call quiet,CHECK)tests/check/format $(CLANG_FORMAT)

.PHONY: check-layers
check-layers:
	$(call quiet,CHECK)tests/check/layers

.PHONY: check-headers
check-headers:
	$(call quiet,CHECK)tests/check/headers "$(CC)" $(std) $(warnings) $(pkg_cflags)

.PHONY: check-scripts
check-scripts:
	$(call quiet,CHECK)tests/check/scripts

.PHONY: check-docs
check-docs: $(BUILD)/vfiotui
	$(call quiet,CHECK)tests/check/docs $(BUILD)/vfiotui

.PHONY: check-compilers
check-compilers:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/gcc CC=gcc WERROR=1 all
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/clang CC=$(CLANG) WERROR=1 all

.PHONY: asan
asan:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE=1 WERROR=1 all unit-tests
	@SANITIZED=1 tests/run $(BUILD)/asan

.PHONY: analyze
analyze:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/analyze CC=gcc WERROR=1 CFLAGS='-O1 -g -fanalyzer' $(BUILD)/analyze/libvfiotui.a
	@tests/check/cppcheck

.PHONY: fuzz
fuzz:
	@tests/fuzz/run "$(CLANG)" "$(BUILD)/fuzz" "$(or $(SECONDS_EACH),30)" $(NAME)

# Stops the program at every one of its changing system calls, on three machines, with every error: about an hour.
.PHONY: faults
faults: all
	@INTERRUPT_ALL=1 TEST_TIMEOUT=36000 tests/run $(BUILD) interrupt

.PHONY: bench
bench: all
	@tests/bench/run $(BUILD)

.PHONY: screenshots
screenshots: all
	@tests/screenshots $(BUILD)/vfiotui screenshots

.PHONY: golden
golden: unit-tests
	@GOLDEN_WRITE=1 tests/run $(BUILD) test_screens

.PHONY: test-vm
test-vm: all
	@tests/vm/run $(BUILD) $(CASE)

.PHONY: vm
vm: all
	@tests/vm/open $(BUILD)

# --- running and installing --------------------------------------------------

.PHONY: run
run:
	@sh packaging/dependencies install build
	@$(MAKE) --no-print-directory all
	@sh packaging/run $(BUILD)/vfiotui

.PHONY: demo
demo: all
	@$(BUILD)/vfiotui --demo

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(BUILD)/vfiotui $(DESTDIR)$(PREFIX)/bin/vfiotui
	install -m 644 man/vfiotui.8 $(DESTDIR)$(PREFIX)/share/man/man8/vfiotui.8
	install -m 644 completions/vfiotui.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vfiotui
	install -m 644 completions/_vfiotui $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vfiotui
	install -m 644 completions/vfiotui.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/vfiotui.fish

.PHONY: clean
clean:
	rm -rf $(BUILD)

.PHONY: help
help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile
	@echo 'make demo | check | asan | analyze | fuzz | faults | bench | screenshots | golden | test-vm | vm | install | clean'

# The objects of tests stay: make would take them for waste, and say so in a long line.
.SECONDARY:

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
