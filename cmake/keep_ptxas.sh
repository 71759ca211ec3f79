#!/bin/sh
# Runs a compiler, whose command line is the arguments, and keeps what ptxas reports of its kernels (registers, spills) in a file beside the
# object, which a test reads. What else it says is shown.
object=
for word in "$@"; do
  [ "$last" = -o ] && object=$word
  last=$word
done
said=$("$@" 2>&1)
status=$?
is_report='^ptxas info|^ *[0-9]+ bytes stack frame|^ *[0-9]+ bytes cumulative stack'
[ -n "$object" ] && printf '%s\n' "$said" | grep -E "$is_report" > "$object.ptxas"
printf '%s\n' "$said" | grep -Ev "$is_report" | grep . >&2
exit $status
