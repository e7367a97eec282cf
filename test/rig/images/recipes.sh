# shellcheck shell=bash
# How the rig makes each image: rootfs_NAME fills a folder, config_NAME prints the image's configuration.

IMAGE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

rootfs_pause() { install -D "$(rig_bin pause)" "$1/pause"; }
config_pause() { jq -cn '{Entrypoint: ["/pause"], User: "65532:65532"}'; }

# What our Jobs stand on; the same layout as gcr.io/distroless/nodejs24.
rootfs_node() {
  bare_system "$1"
  add_program "$1" "$NODE24" /nodejs/bin/node
}
config_node() {
  jq -cn --arg path "PATH=$IMAGE_PATH:/nodejs/bin" \
    '{Entrypoint: ["/nodejs/bin/node"], Env: [$path], User: "65532:65532", WorkingDir: "/home/nonroot"}'
}

# A Go service: its static program alone.
rootfs_go() {
  bare_system "$1"
  install -D "$(rig_bin "$2")" "$1/usr/local/bin/$2"
}
config_go() {
  jq -cn --arg program "/usr/local/bin/$1" --arg path "PATH=$IMAGE_PATH" \
    '{Entrypoint: [$program], Env: [$path], User: "65532:65532"}'
}

# Debian's MariaDB, with a shell and the few tools that an init container needs. No vendor's entrypoint script.
rootfs_mariadb() {
  local program tools=(sh cat chmod chown cp cut date dirname basename echo env expr false find grep head hostname id ln
    ls mkdir mktemp mv od printf rm sed seq sleep sort stat tail test timeout touch tr true uname wc whoami)
  bare_system "$1"
  for program in mariadbd mariadb mariadb-admin mariadb-dump mariadb-install-db my_print_defaults resolveip mawk "${tools[@]}"; do
    add_program "$1" "$(type -P "$program")" "$(type -P "$program")"
  done
  ln -s mawk "$1/usr/bin/awk"
  mkdir -p "$1/usr/share/mysql" "$1/run/mysqld" "$1/var/lib/mysql" "$1/usr/lib/mysql/plugin"
  cp -R /usr/share/mysql/{english,charsets} /usr/share/mysql/*.sql "$1/usr/share/mysql/"
  add_libraries_of "$1" /usr/lib/x86_64-linux-gnu/libmariadb3/plugin/*.so
  cp -R --parents /usr/lib/x86_64-linux-gnu/libmariadb3 "$1"
}
config_mariadb() { jq -cn --arg path "PATH=$IMAGE_PATH" '{Env: [$path], Cmd: ["mariadbd"]}'; }

# MySQL's server and client with the libraries of their own suite, and a shell beside them.
rootfs_mysql() {
  local from package file lib=usr/lib/x86_64-linux-gnu
  from=$(mktemp -d)
  for package in "$(mysql_packages)"/*.deb; do dpkg-deb --extract "$package" "$from"; done
  bare_system "$1"
  mkdir -p "$1/usr/share/mysql" "$1/run/mysqld" "$1/var/lib/mysql"
  cp -R "$from"/usr/share/mysql/{english,charsets} "$1/usr/share/mysql/"
  for file in sbin/mysqld bin/mysql bin/mysqldump lib/mysql/plugin/{semisync_source,semisync_replica,component_reference_cache}.so; do
    install -D -m 755 "$from/usr/$file" "$1/usr/$file"
    "$from/usr/lib64/ld-linux-x86-64.so.2" --library-path "$from/$lib" --list "$from/usr/$file"
  done | { grep -oE "$from/usr/[^ ]+" || true; } | sort -u | while read -r file; do
    install -D -m 755 "$file" "$1${file#"$from"}"
  done
  rm -rf "$from"
  add_program "$1" "$(type -P sh)" "$(type -P sh)"
}
config_mysql() { jq -cn --arg path "PATH=$IMAGE_PATH" '{Env: [$path], Cmd: ["mysqld"]}'; }

# Debian's nginx, laid out as nginxinc/nginx-unprivileged: the program, a shell, MIME types, logs to the container's output.
rootfs_nginx() {
  local program
  bare_system "$1"
  for program in nginx sh sed; do add_program "$1" "$(type -P "$program")" "$(type -P "$program")"; done
  install -D -m 644 /etc/nginx/mime.types "$1/etc/nginx/mime.types"
  mkdir -p "$1/var/log/nginx" "$1/usr/share/nginx"
  ln -s /dev/stdout "$1/var/log/nginx/access.log"
  ln -s /dev/stderr "$1/var/log/nginx/error.log"
}
config_nginx() {
  jq -cn --arg path "PATH=$IMAGE_PATH" '{Env: [$path], User: "101:101", Cmd: ["nginx", "-g", "daemon off;"]}'
}

# The least that a C or Go program expects to find: merged /usr, accounts, name service, a /tmp for everybody.
bare_system() {
  mkdir -p "$1"/{etc/ssl/certs,home/nonroot,tmp,usr/bin,usr/sbin,usr/lib,usr/lib64,proc,dev,sys}
  chmod 1777 "$1/tmp"
  local folder
  for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$1/$folder"; done
  printf '%s:/sbin/nologin\n' root:x:0:0:root:/root nginx:x:101:101:nginx:/nonexistent \
    mysql:x:999:999:mysql:/nonexistent nonroot:x:65532:65532:nonroot:/home/nonroot >"$1/etc/passwd"
  printf '%s\n' root:x:0: nginx:x:101: mysql:x:999: nonroot:x:65532: >"$1/etc/group"
  echo 'hosts: files dns' >"$1/etc/nsswitch.conf"
}

add_program() {
  install -D -m 755 "$(readlink -f "$2")" "$1$3"
  add_libraries_of "$1" "$2"
}

# The libraries that ldd finds; a script has none.
add_libraries_of() {
  local rootfs=$1 library; shift
  { ldd "$@" 2>/dev/null || true; } | { grep -oE '/lib[^ :]+' || true; } | sort -u |
    while read -r library; do
      [ -e "$rootfs$library" ] || install -D -m 755 "$(readlink -f "$library")" "$rootfs$library"
    done
}
