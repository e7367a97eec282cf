# shellcheck shell=bash
# Files of Maven Central by their versions and hashes. Java and Maven are Debian's, where a part is built that needs them.

DEBIANS_MAVEN=/usr/share/maven/bin/mvn
DEBIANS_JARS=/usr/share/maven-repo
MAVENS_COPY=org/apache/maven/plugins/maven-dependency-plugin
OLDEST_JAVA=17

need_java() {
  local missing version
  mapfile -t missing < <(missing_for_java)
  [ ${#missing[@]} -eq 0 ] || PINS=test/rig/lib/maven.sh STEP_LOG=$CACHE/log/packages.log \
    step 'installing Java, Maven' install_packages "${missing[@]}"
  version=$(java -version 2>&1 | sed -nE 's/.* version "([0-9]+).*/\1/p')
  [ "${version:-0}" -ge $OLDEST_JAVA ] ||
    die "java here is ${version:-of no version}, and the rig needs $OLDEST_JAVA or newer (test/rig/lib/maven.sh)"
}

# The plugin that fetches is Debian's, too, and so is all that it is made of: what runs has a signature of Debian's. The package
# does not say that it needs junit4.
missing_for_java() {
  command -v javac >/dev/null || echo default-jdk-headless
  [ -x $DEBIANS_MAVEN ] || echo maven
  [ -d $DEBIANS_JARS/$MAVENS_COPY ] || echo libmaven-dependency-plugin-java
  [ -d $DEBIANS_JARS/junit/junit/4.x ] || echo junit4
}

# maven_fetch LIST TO: what LIST names, into the folder TO as ARTIFACT-VERSION[-CLASSIFIER].TYPE. A line of LIST is
# SHA256  GROUP:ARTIFACT:VERSION[:TYPE[:CLASSIFIER]]
maven_fetch() {
  local list=$1 to=$2 hash coordinates
  mkdir -p "$to"
  maven_project <"$list" >"$to/pom.xml"
  $DEBIANS_MAVEN --batch-mode --no-transfer-progress --file "$to/pom.xml" -Dmaven.repo.local="$to/.fetched" \
    "org.apache.maven.plugins:maven-dependency-plugin:$(copies_version):copy"
  rm -r "$to/pom.xml" "$to/.fetched"
  # Maven leaves the line open on which it ends.
  while read -r hash coordinates; do
    sha256sum --check --status <<<"$hash  $to/$(maven_file "$coordinates")" ||
      { printf '\n%s has another SHA-256 than %s\n' "$coordinates" "$hash"; return 1; }
  done <"$list"
}

# A project of nothing but files to copy, each by itself: what its own POM asks for is not followed.
maven_project() {
  local coordinates group artifact version type classifier
  cat <<XML
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>rig</groupId>
  <artifactId>rig</artifactId>
  <version>0</version>
  <packaging>pom</packaging>
  <pluginRepositories>
    <pluginRepository>
      <id>central</id>
      <url>file://$DEBIANS_JARS</url>
      <releases><enabled>false</enabled></releases>
      <snapshots><enabled>false</enabled></snapshots>
    </pluginRepository>
    <pluginRepository>
      <id>debian</id>
      <url>file://$DEBIANS_JARS</url>
      <releases><checksumPolicy>ignore</checksumPolicy></releases>
    </pluginRepository>
  </pluginRepositories>
  <build>
    <plugins>
      <plugin>
        <artifactId>maven-dependency-plugin</artifactId>
        <configuration>
          <outputDirectory>\${basedir}</outputDirectory>
          <artifactItems>
XML
  while read -r _ coordinates; do
    IFS=: read -r group artifact version type classifier <<<"$coordinates"
    echo "<artifactItem><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>"
    echo "<type>${type:-jar}</type>${classifier:+<classifier>$classifier</classifier>}</artifactItem>"
  done
  cat <<XML
          </artifactItems>
        </configuration>
      </plugin>
    </plugins>
  </build>
</project>
XML
}

# What a file is called that has these coordinates.
maven_file() {
  local artifact version type classifier
  IFS=: read -r _ artifact version type classifier <<<"$1"
  echo "$artifact-$version${classifier:+-$classifier}.${type:-jar}"
}

copies_version() { find $DEBIANS_JARS/$MAVENS_COPY -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V | tail -n 1; }
