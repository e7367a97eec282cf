// SigstoreJava.java FOLDER: follows a repository through its history by the TUF client of sigstore-java. It reads and prints what
// test/rig/go-tuf does, and ends as that does.
import com.google.gson.Gson;
import dev.sigstore.json.GsonSupplier;
import dev.sigstore.trustroot.SigstoreSigningConfig;
import dev.sigstore.trustroot.SigstoreTrustedRoot;
import dev.sigstore.tuf.Fetcher;
import dev.sigstore.tuf.FileExceedsMaxLengthException;
import dev.sigstore.tuf.FileSystemTufStore;
import dev.sigstore.tuf.MetaFetcher;
import dev.sigstore.tuf.PassthroughCacheMetaStore;
import dev.sigstore.tuf.TrustedMetaStore;
import dev.sigstore.tuf.Updater;
import dev.sigstore.tuf.model.Root;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.IntStream;

class SigstoreJava {
  static class Plan {
    List<State> states;
    List<Flight> flights;
  }

  static class State {
    String files, begins, ends;
  }

  static class Flight {
    int early, late;
  }

  record Count(int tried, int accepted) {}

  record Refusal(String client, String served, String why) {}

  record Report(String client, Count fresh, Count updates, Count flights, int refused, List<Refusal> refusals) {}

  interface Run {
    void run(Path folder) throws Exception;
  }

  record Trial(String client, String served, Run run) {}

  record Passenger(String name, Map<String, String> cache) {}

  /** The last part of a path alone is looked at, as the web server does. */
  record Server(Map<String, byte[]> files) implements Fetcher {
    @Override
    public String getSource() {
      return "http://repository.invalid";
    }

    @Override
    public byte[] fetchResource(String name, int most) throws FileExceedsMaxLengthException {
      byte[] found = files.get(Path.of(name).getFileName().toString());
      if (found != null && found.length > most) throw new FileExceedsMaxLengthException(name, most);
      return found;
    }
  }

  static final String FIRST = "1.root.json";
  static final List<String> KEPT = List.of("root.json", "timestamp.json", "snapshot.json", "targets.json");
  static final List<Predicate<String>> EARLY =
      List.of("\\d+\\.root", "(\\d+\\.root|timestamp)", "(\\d+\\.root|timestamp|\\d+\\.snapshot)",
              "(\\d+\\.root|timestamp|\\d+\\.snapshot|\\d+\\.targets)", "timestamp").stream()
          .map(names -> java.util.regex.Pattern.compile(names + "\\.json").asMatchPredicate())
          .toList();

  final Path scratch;
  final Plan plan;
  final List<Map<String, byte[]>> served = new ArrayList<>();
  final List<Refusal> refusals = new ArrayList<>();
  /** What a client keeps that updated in a state; null where it could not. */
  final List<Map<String, String>> caches = new ArrayList<>();
  int refused;

  SigstoreJava(Path folder) throws IOException {
    scratch = Files.createTempDirectory("sigstore-java-");
    plan = new Gson().fromJson(Files.readString(folder.resolve("plan.json")), Plan.class);
    for (State state : plan.states) {
      Map<String, byte[]> files = new HashMap<>();
      try (var list = Files.list(folder.resolve(state.files))) {
        for (Path path : list.toList()) files.put(path.getFileName().toString(), Files.readAllBytes(path));
      }
      served.add(files);
      caches.add(null);
    }
  }

  public static void main(String[] args) throws Exception {
    var version = args[1];
    var all = new SigstoreJava(Path.of(args[0]));
    var fresh = all.tryAll(all.fresh());
    var updates = all.tryAll(all.updates());
    var flights = all.tryAll(all.flights());
    System.out.println(
        new Gson().toJson(new Report("sigstore-java " + version, fresh, updates, flights, all.refused, all.refusals)));
    System.exit(all.refused > 0 ? 1 : 0);
  }

  /** Lets a client with this cache update at that time, which fetches every target and reads both documents; returns its cache then. */
  Map<String, String> update(Path folder, Map<String, String> before, Map<String, byte[]> files, String now)
      throws Exception {
    for (String name : KEPT) {
      Files.deleteIfExists(folder.resolve(name));
      if (before.containsKey(name)) Files.writeString(folder.resolve(name), before.get(name));
    }
    var store = FileSystemTufStore.newFileSystemStore(folder);
    var metadata = TrustedMetaStore.newTrustedMetaStore(PassthroughCacheMetaStore.newPassthroughMetaCache(store));
    Updater.builder()
        .setClock(Clock.fixed(Instant.parse(now), ZoneOffset.UTC))
        .setTrustedRootPath(() -> new String(served.get(0).get(FIRST)))
        .setTrustedMetaStore(metadata)
        .setTargetStore(store)
        .setMetaFetcher(MetaFetcher.newFetcher(new Server(files)))
        .setTargetFetcher(new Server(files))
        .build()
        .update();
    SigstoreTrustedRoot.from(store.getTargetInputSteam("trusted_root.json"));
    SigstoreSigningConfig.from(store.getTargetInputSteam("signing_config.v0.2.json"));
    Map<String, String> after = new HashMap<>();
    for (String name : KEPT) after.put(name, Files.readString(folder.resolve(name)));
    return after;
  }

  List<Trial> fresh() {
    List<Trial> trials = new ArrayList<>();
    for (int i = 0; i < served.size(); i++) {
      int number = i;
      var state = plan.states.get(i);
      trials.add(
          new Trial(FIRST, name(i),
              folder -> caches.set(number, update(folder, Map.of(), served.get(number), state.begins))));
      trials.add(new Trial(FIRST, name(i), folder -> update(folder, Map.of(), served.get(number), state.ends)));
    }
    return trials;
  }

  List<Trial> updates() {
    List<Trial> trials = new ArrayList<>();
    for (int i = 0; i < served.size(); i++) {
      for (int early = 0; early <= i; early++) {
        int late = i;
        var before = caches.get(early);
        if (before != null) trials.add(new Trial(name(early), name(late), folder -> arrives(folder, before, late)));
      }
    }
    return trials;
  }

  void arrives(Path folder, Map<String, String> before, int late) throws Exception {
    var after = update(folder, before, served.get(late), plan.states.get(late).ends);
    var wanted = caches.get(late);
    if (wanted != null && !after.equals(wanted)) {
      throw new Exception("the client ended with other metadata than one that began today");
    }
  }

  List<Trial> flights() throws Exception {
    List<Trial> trials = new ArrayList<>();
    for (Flight flight : plan.flights) {
      for (Passenger client : passengers(flight)) {
        for (var isEarly : EARLY) {
          Map<String, byte[]> files = new HashMap<>(served.get(flight.late));
          files.keySet().removeIf(isEarly);
          served.get(flight.early).forEach((name, bytes) -> {
            if (isEarly.test(name)) files.put(name, bytes);
          });
          trials.add(
              new Trial(client.name, name(flight.early) + ", then " + name(flight.late),
                  folder -> {
                    var after = update(folder, client.cache, files, plan.states.get(flight.late).begins);
                    arrives(folder, after, flight.late);
                  }));
        }
      }
    }
    return trials;
  }

  List<Passenger> passengers(Flight flight) throws Exception {
    var newcomer = new Passenger(FIRST, Map.of());
    var before = flight.early == 0 ? null : caches.get(flight.early - 1);
    if (before == null) return List.of(newcomer);
    Map<String, String> again = new HashMap<>(before);
    again.put("root.json", GsonSupplier.GSON.get().toJson(
        GsonSupplier.GSON.get().fromJson(new String(served.get(0).get(FIRST)), Root.class)));
    return List.of(
        newcomer,
        new Passenger(name(flight.early - 1), before),
        new Passenger(name(flight.early - 1) + " with " + FIRST, again));
  }

  /** Runs trials on all processors, each in a folder of its own, and notes what was refused in the order of the trials. */
  Count tryAll(List<Trial> trials) {
    var outcomes =
        IntStream.range(0, trials.size()).parallel().mapToObj(index -> outcome(trials.get(index))).toList();
    int accepted = (int) outcomes.stream().filter(Objects::isNull).count();
    refused += trials.size() - accepted;
    outcomes.stream().filter(Objects::nonNull).limit(20 - refusals.size()).forEach(refusals::add);
    return new Count(trials.size(), accepted);
  }

  Refusal outcome(Trial trial) {
    try {
      trial.run.run(Files.createDirectories(scratch.resolve(Thread.currentThread().getId() + "")));
      return null;
    } catch (Exception error) {
      return new Refusal(trial.client, trial.served, error.toString());
    }
  }

  static String name(int state) {
    return "state " + (state + 1);
  }
}
