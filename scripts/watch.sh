# shellcheck shell=bash
# What a gate waits for in vain: seen within seconds, not when its time is over.

# look: `end` or `say`, a tab, and what is wrong, a line each. sign-and-verify.sh has its own.
look() { images_not_pulled -A -l "$OURS"; }

# watched COMMAND...: ends it as soon as `look` has a reason to; then the last line is that reason, and the status 1.
watched() {
  local work watcher status=0 told
  told=$(mktemp)
  # Groups of their own, so that what they have started ends with them.
  set -m
  (set +m; "$@") </dev/null &
  work=$!
  (set +m; watch "$work" "$told") </dev/null &
  watcher=$!
  set +m
  # shellcheck disable=SC2064 # These two, whatever the names mean by then.
  trap "end_group $work; end_group $watcher; rm -f '$told'; exit 130" INT TERM
  wait "$work" || status=$?
  end_group "$watcher"
  wait "$watcher" || true
  trap - INT TERM
  sed 's/^/cause: /' "$told"
  rm -f "$told"
  return $status
}

end_group() { kill -TERM -- "-$1" 2>/dev/null || true; }

# A registry may answer the next time: what may pass is said once, and waited for during the kubelet's first tries.
PATIENCE=${SIGSTAND_PATIENCE:-60}
watch() {
  local work=$1 told=$2 what text said='' since=''
  while sleep 3; do
    while IFS=$'\t' read -r what text; do
      if [ -z "$what" ]; then since=''; continue; fi
      : "${since:=$SECONDS}"
      if [ "$what" = end ] || [ $((SECONDS - since)) -ge "$PATIENCE" ]; then
        echo "$text" >"$told"
        end_group "$work"
        return
      fi
      case $said in *"$text"*) continue ;; esac
      said+=$text
      { echo "  … $text; it is tried again" >&3; } 2>/dev/null || echo "$text"
    done <<<"$(look 2>/dev/null)"
  done
}

# images_not_pulled SELECTOR...: of these Pods. It ends where no second try helps.
images_not_pulled() {
  local row='{.image}{"\t"}{.state.waiting.reason}{"\t"}{.state.waiting.message}{"\n"}'
  local of='{range .status.'
  k get pods "$@" --request-timeout=10s -o "jsonpath={range .items[*]}${of}initContainerStatuses[*]}$row{end}${of}containerStatuses[*]}$row{end}{end}" |
    awk -F '\t' '
      $2 !~ /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable)$/ { next }
      # Back-off alone tells no cause: the look before or after has it.
      $2 == "ImagePullBackOff" && $3 !~ /ErrImagePull/ { next }
      seen[$1]++ { next }
      {
        hopeless = $2 ~ /^(InvalidImageName|ErrImageNeverPull)$/ ||
          tolower($3) ~ /not found|notfound|manifest unknown|denied|unauthorized|forbidden|no match for platform|gave http response|x509|no such host/
        why = $3
        sub(/^Back-off pulling image "[^"]*": ErrImagePull: /, "", why)
        sub(/^rpc error: code = [A-Za-z]+ desc = /, "", why)
        sub(/^failed to pull and unpack image "[^"]*": /, "", why)
        sub(/^failed to resolve (reference|image) "[^"]*": /, "", why)
        print (hopeless ? "end" : "say") "\t" "the image " $1 " cannot be pulled: " why " (" $2 ")"
      }'
}
