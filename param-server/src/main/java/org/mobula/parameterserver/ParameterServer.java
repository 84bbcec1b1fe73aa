package org.mobula.parameterserver;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.config.SecretFile;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.runtime.ActorOptions;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.GetTimeoutException;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.TaskException;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.WaitInterruptedException;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.shard.Agreement;
import org.mobula.parameterserver.shard.Claim;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.LayoutHash;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardRanges;
import org.mobula.parameterserver.shard.ShardRanges.Range;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.wire.Address;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shards of a run and the learners beside its trainer, as actors of a runtime; the trainer is
 * learner 0.
 *
 * <pre>{@code
 * try (ParameterServer server = ParameterServer.on(runtime, serverConfig, environment)) {
 *   Trainer.builder(config)
 *       .environment(environment)
 *       .learners(serverConfig.learners())
 *       .store(server)
 *       .build()
 *       .train();
 * }
 * }</pre>
 *
 * <p>Each learner collects its own experience with {@code environment.count} environments and
 * random streams of its own, and pushes its gradients: experience never travels. Synchronous
 * learning gives the same bits for a given number of learners. All learners have joined before the
 * first step is taken. The trainer's checkpoints hold the states of all of them, so a synchronous
 * run that is resumed has the bits of one that never stopped; the listener hears at the start where
 * that cannot be, and at the resume whose state is missing: new episodes begin for that learner.
 *
 * <p>The listener hears of a learner that fails or hangs; the others go on without it.
 */
public final class ParameterServer implements Trainer.StorePlug, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ParameterServer.class);

  /** How often it is asked whether a learner that has not ended hangs. */
  private static final Duration LOOK = Duration.ofMillis(500);

  private static final Duration RECONNECT_WITHIN = Duration.ofSeconds(1);

  /** Settings that all learners of a run share, but for those that each has of its own. */
  private static final Pattern SHARED =
      Pattern.compile("algorithm\\.|environment\\.|network\\.|normalization\\.|seed$");

  private static final Set<String> OWN =
      Set.of("environment.count", "environment.threads", "network.engine");

  private final TaskRuntime runtime;
  private final ServerConfig server;
  private final EnvironmentFactory environment;
  private final Consumer<String> failures;
  private final Consumer<ShardEvent> events;
  private final List<ActorRef<ShardActor>> hosts = new ArrayList<>();
  private final List<ActorRef<LearnerActor>> learners = new ArrayList<>();
  private final List<ObjectRef<String>> training = new ArrayList<>();

  /** Calls by which actors of shards that have died are started again. */
  private List<ObjectRef<@Nullable Void>> awakening = List.of();

  private long awoken = System.nanoTime();

  /** By the learners' place in the list. */
  private final List<Integer> numbers = new ArrayList<>();

  /** Those that have taken part: what a shard said may be older than their joining. */
  private final Set<Integer> seen = new HashSet<>();

  /** Those that others do not wait for at present. */
  private final Set<Integer> away = new HashSet<>();

  /** Whether checkpoints hold the learners' states. */
  private boolean savesStates;

  /** The parts of the checkpoint that the run goes on from. */
  private Map<String, byte[]> resumed = Map.of();

  private long begunAt;

  /** Those that it was told of that a checkpoint is without their states. */
  private final Set<Integer> stateless = new HashSet<>();

  /** Those whose failure was told. */
  private final Set<Integer> told = new HashSet<>();

  /**
   * Of the run's shards, should other processes reach them. Two such texts have 244 random bits.
   */
  private final String token = UUID.randomUUID() + "." + UUID.randomUUID();

  /** Begins the names of this run's actors. */
  private String place = "";

  private List<List<ShardHandle>> shards = List.of();
  private @Nullable Connections connections;
  private boolean takesOver;
  private ExperiencePlug experience;

  private ParameterServer(
      TaskRuntime runtime,
      ServerConfig server,
      EnvironmentFactory environment,
      Consumer<String> failures,
      Consumer<ShardEvent> events) {
    this.runtime = runtime;
    this.server = server;
    this.environment = environment;
    this.failures = failures;
    this.events = events;
    experience = ExperienceSetup::inProcess;
  }

  /** Starts nothing yet: the trainer does. Failures of learners and events are logged. */
  public static ParameterServer on(
      TaskRuntime runtime, ServerConfig server, EnvironmentFactory environment) {
    return on(runtime, server, environment, failure -> LOG.warn("{}", failure));
  }

  /**
   * Starts nothing yet: the trainer does. Events are logged.
   *
   * @param failures hears of learners that fail, hang or are back, and where a resumed run has
   *     other bits, in a sentence; called in the trainer's thread
   */
  public static ParameterServer on(
      TaskRuntime runtime,
      ServerConfig server,
      EnvironmentFactory environment,
      Consumer<String> failures) {
    return on(runtime, server, environment, failures, ShardNews::log);
  }

  /**
   * Starts nothing yet: the trainer does.
   *
   * @param failures hears of learners that fail, hang or are back, and where a resumed run has
   *     other bits, in a sentence; called in the trainer's thread
   * @param events is told of what happens to shards and learners, soon after; called by several
   *     threads, one at a time, which must not wait
   */
  public static ParameterServer on(
      TaskRuntime runtime,
      ServerConfig server,
      EnvironmentFactory environment,
      Consumer<String> failures,
      Consumer<ShardEvent> events) {
    return new ParameterServer(runtime, server, environment, failures, events);
  }

  /**
   * What the number of learners rules out.
   *
   * @throws IllegalArgumentException if the configuration asks for it
   */
  public static void check(TrainingConfig config, ServerConfig server) {
    Double cpus = config.runtime().cpus();
    if (cpus != null) {
      requireCpus(server, cpus);
    }
  }

  /** All but the first learner hold one, and what the shards do now and then needs one. */
  private static void requireCpus(ServerConfig server, double cpus) {
    if (cpus < server.learners()) {
      throw new IllegalArgumentException(
          "runtime.cpus is %s but must be at least learners (%s): each needs one for the whole run"
              .formatted(cpus, server.learners()));
    }
  }

  /**
   * How a shard of a run is set up.
   *
   * @param shard its place, from 0
   */
  public static ShardSetup setup(
      TrainingConfig config, PolicySpec policy, ServerConfig server, int shard) {
    AlgorithmConfig algorithm = config.algorithm();
    ParameterLayout layout = config.layout(policy);
    Range range = ShardRanges.cut(layout, server.shards()).ranges().get(shard);
    return new ShardSetup(
        layout,
        range.from(),
        range.to(),
        algorithm.optimizer(),
        algorithm.maxGradientNorm(),
        server.consistency(),
        server.lease(),
        RECONNECT_WITHIN,
        server.replicaTimeout(),
        server.device(),
        shard,
        agreement(config, policy, server));
  }

  /**
   * What the shards and all learners of a run must share.
   *
   * @return the algorithm, network and normalization; the environment's name, options and spaces;
   *     the consistency; and the seed
   */
  static Agreement agreement(TrainingConfig config, PolicySpec policy, ServerConfig server) {
    SortedMap<String, String> all =
        ConfigWriter.settings(config.withParameters(null), TrainingConfig.algorithms());
    SortedMap<String, String> shared = new TreeMap<>();
    all.forEach(
        (key, value) -> {
          if (SHARED.matcher(key).lookingAt() && !OWN.contains(key)) {
            shared.put(key, value);
          }
        });
    shared.put("environment.observations", policy.observationSpace().toString());
    shared.put("environment.actions", policy.actionSpace().toString());
    ConfigWriter.settings(server, Alternatives.none())
        .forEach(
            (key, value) -> {
              if (key.startsWith("consistency")) {
                shared.put("parameters.server." + key, value);
              }
            });
    return Agreement.of(shared);
  }

  /** A learner beside the run's trainer. */
  static Membership membership(ParameterLayout layout, Agreement agreement) {
    return new Membership(
        session(), LayoutHash.of(layout), agreement.withoutSeed(), null, false, false);
  }

  static Membership learner(TrainingConfig config, PolicySpec policy, ServerConfig server) {
    return membership(config.layout(policy), agreement(config, policy, server));
  }

  /** Tells processes apart; no result depends on it. */
  private static long session() {
    return UUID.randomUUID().getMostSignificantBits();
  }

  private Membership trainer(
      String run, boolean resumes, ParameterLayout layout, Agreement agreement) {
    long session = session();
    Claim claim =
        new Claim(
            run, host(), ProcessHandle.current().pid(), System.currentTimeMillis(), session, 0);
    return new Membership(session, LayoutHash.of(layout), agreement, claim, takesOver, resumes);
  }

  /**
   * Where the learners beside the trainer take their experience from; without it each collects in
   * its own thread. The trainer has a plug of its own:
   *
   * <pre>{@code
   * ParameterServer.on(runtime, serverConfig, environment)
   *     .experience(setup -> RolloutWorkers.on(runtime).apply(setup));
   * }</pre>
   */
  public ParameterServer experience(ExperiencePlug plug) {
    experience = plug;
    return this;
  }

  /**
   * Lets the names of its actors begin so: {@code trial-7/} makes {@code
   * trial-7/parameter-shard-0}. Runs that share a runtime need it, since names of living actors are
   * unique.
   */
  public ParameterServer named(String prefix) {
    place = prefix;
    return this;
  }

  /** Makes a learner's source of experience; it travels to where the learner is. */
  @FunctionalInterface
  public interface ExperiencePlug
      extends Function<ExperienceSetup, ExperienceSource>, Serializable {}

  /**
   * Lets other processes of this machine join the run that this server has been given to: from now
   * on its shards listen on loopback ports, which they do not otherwise, and ask for a token that
   * is the run's own. {@code mobula train --join} takes both.
   *
   * @param tokenFile is written for its owner alone
   * @return where the shards can be reached, in their order; a replica's address after a comma
   * @throws IllegalStateException if no trainer has begun, or the shards are processes of their own
   * @throws UncheckedIOException if the file cannot be written
   */
  public List<String> listen(Path tokenFile) {
    if (hosts.isEmpty()) {
      throw new IllegalStateException(
          server.addresses().isEmpty()
              ? "no trainer has begun, so there are no shards yet: listen once it has"
              : "the shards listen already, each in its own process: " + server.addresses());
    }
    List<String> addresses = new ArrayList<>();
    int each = 1 + server.replicas();
    for (int i = 0; i < hosts.size(); i++) {
      String address = await(hosts.get(i).call(ShardActor::listen), "shard " + i / each);
      if (i % each == 0) {
        addresses.add(address);
      } else {
        addresses.add(addresses.remove(addresses.size() - 1) + "," + address);
      }
    }
    try {
      SecretFile.write(tokenFile, token);
    } catch (IOException e) {
      throw new UncheckedIOException("the token cannot be written to " + tokenFile, e);
    }
    tellOfJoining();
    return addresses;
  }

  /**
   * Lets the trainer take running shards over: from another run, whose parameters it goes on with
   * unless it is resumed; from another trainer that is still there; and, where a run is resumed
   * from a checkpoint that is older than the shards' parameters, back to that. Without this word
   * each is refused.
   */
  public ParameterServer takeOver() {
    takesOver = true;
    return this;
  }

  @Override
  public ParameterStore create(
      TrainingConfig config, PolicySpec policy, float[] initialParameters) {
    return create(Map.of(), config, policy, initialParameters);
  }

  /**
   * Starts the shards or joins running ones, which the run claims.
   *
   * @throws RefusedException if another run trains there, or the shards were configured otherwise
   */
  @Override
  public ParameterStore create(
      Map<String, byte[]> saved,
      TrainingConfig config,
      PolicySpec policy,
      float[] initialParameters) {
    if (connections != null) {
      throw new IllegalStateException(
          "this parameter server has its trainer already; make another for the next");
    }
    requireCpus(server, runtime.totalResources().amount(Resources.CPU));
    ParameterLayout layout = config.layout(policy);
    shards =
        server.addresses().isEmpty()
            ? start(config, policy, initialParameters)
            : running(server.addresses());
    Connections opened = new Connections(server, layout);
    connections = opened;
    LOG.info(
        "A learner that makes no progress for {} s, or ten times its longest pause so far, gives its place up.",
        server.progressTimeout().toSeconds());
    Agreement agreement = agreement(config, policy, server);
    Optional<String> inexact = inexact(config);
    savesStates = inexact.isEmpty();
    if (inexact.isPresent()) {
      failures.accept(
          "if this run is resumed, it has other bits than one that never stopped: "
              + inexact.get());
    } else if (!server.addresses().isEmpty()) {
      tellOfJoining();
    }
    for (int number = 1; number < server.learners(); number++) {
      learners.add(learner(config, layout, agreement, number));
    }
    // The trainer takes the lowest number that is free: another run may be on the same shards.
    int number = server.addresses().isEmpty() ? 0 : Join.ANY;
    String before = ServerParameterStore.savedRun(saved);
    String identity = before.isEmpty() ? identity(config) : before;
    Membership membership = trainer(identity, !before.isEmpty(), layout, agreement);
    ServerParameterStore store = join(shards, opened, server, membership, layout, number, events);
    try {
      for (int i = 0; i < learners.size(); i++) {
        int wanted = server.addresses().isEmpty() ? i + 1 : Join.ANY;
        numbers.add(
            await(learners.get(i).call(learner -> learner.join(wanted)), "learner " + (i + 1)));
      }
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
    store.giveUpWithoutProgress(
        server.progressTimeout(), (hangs, what) -> LOG.warn("The trainer: {}.", what));
    return new RunStore(
        store,
        this::train,
        () -> look(store.present()),
        new RunStore.Parts() {
          @Override
          public Map<String, byte[]> save() {
            return states(store.version());
          }

          @Override
          public void restore(Map<String, byte[]> saved) {
            resume(saved);
          }
        });
  }

  private static String identity(TrainingConfig config) {
    String chance = UUID.randomUUID().toString().substring(0, 8);
    return config.environment().id().replace(':', '-') + "-" + chance;
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "unknown";
    }
  }

  private List<List<ShardHandle>> start(TrainingConfig config, PolicySpec policy, float[] initial) {
    List<List<ShardHandle>> started = new ArrayList<>();
    long history = ShardHost.history();
    String secret = token;
    for (int i = 0; i < server.shards(); i++) {
      ShardSetup setup = setup(config, policy, server, i);
      String name = place + "parameter-shard-" + i;
      ActorRef<ShardActor> primary =
          runtime.actor(
              actor(name), () -> new ShardActor(primary(setup, initial, history), secret));
      hosts.add(primary);
      List<ShardHandle> handles = new ArrayList<>();
      handles.add(await(primary.call(ShardActor::handle), name));
      if (server.replicas() > 0) {
        String replicaName = name + "-replica";
        ActorRef<ShardActor> replica =
            runtime.actor(actor(replicaName), () -> new ShardActor(replica(setup), secret));
        hosts.add(replica);
        ShardHandle handle = await(replica.call(ShardActor::handle), replicaName);
        handles.add(handle);
        ServerConfig captured = server;
        ShardHandle first = handles.get(0);
        await(primary.run(host -> host.replicateTo(handle, captured)), name);
        // Once it has taken over, the other way round.
        await(replica.run(host -> host.replicateTo(first, captured)), replicaName);
      }
      started.add(handles);
    }
    return started;
  }

  private static Shard primary(ShardSetup setup, float[] whole, long history) {
    FloatSlice slice = new FloatSlice(whole, setup.from(), setup.size());
    return heard(Shard.primary(setup, slice, history, System::nanoTime));
  }

  /** A shard with a replica comes back, since the other one of the two brings it up. */
  private ActorOptions actor(String name) {
    return ActorOptions.named(name).withMaxRestarts(server.replicas() > 0 ? -1 : 0);
  }

  static Shard replica(ShardSetup setup) {
    return heard(Shard.replica(setup, System::nanoTime));
  }

  private static Shard heard(Shard shard) {
    shard.listen(ParameterServer::heardByTheTrainer);
    return shard;
  }

  /** The trainer asks its shards for what has happened, wherever they are. */
  static void heardByTheTrainer(ShardEvent event) {
    LOG.debug("{}", event);
  }

  /** The shards that addresses name: one a shard, with its replica after a comma. */
  static List<List<ShardHandle>> running(List<String> addresses) {
    return addresses.stream()
        .map(
            each ->
                Stream.of(each.split(",", -1))
                    .map(text -> ShardHandle.at(Address.parse(text.strip())))
                    .toList())
        .toList();
  }

  private ActorRef<LearnerActor> learner(
      TrainingConfig config, ParameterLayout layout, Agreement agreement, int number) {
    LearnerActor.Setup setup =
        new LearnerActor.Setup(
            config,
            environment,
            experience,
            layout,
            shards,
            server,
            agreement,
            number,
            savesStates);
    return runtime.actor(
        ActorOptions.named(place + "learner-" + number)
            .withResources(Resources.cpu(1))
            .withMaxConcurrency(4), // so that it can be told to stop, and asked how it fares
        () -> new LearnerActor(setup));
  }

  static ServerParameterStore join(
      List<List<ShardHandle>> shards,
      Connections connections,
      ServerConfig server,
      Membership membership,
      ParameterLayout layout,
      int number,
      Consumer<ShardEvent> events) {
    List<List<ShardLink>> links =
        shards.stream()
            .map(handles -> handles.stream().map(shard -> shard.link(connections)).toList())
            .toList();
    for (int i = 0; i < shards.size() && server.replicas() > 0; i++) {
      if (shards.get(i).size() == 1) {
        events.accept(
            new ShardEvent(
                ShardEvent.Kind.REPLICA_MISSING,
                i,
                "parameters.server.replicas is %s, but parameters.server.addresses (%s) names no replica of this shard after a comma: this learner can turn to none when the shard fails"
                    .formatted(server.replicas(), server.addresses().get(i))));
      }
    }
    Duration silence = server.silence();
    Patience patience = new Patience(silence.dividedBy(3), silence, Patience.defaults().retries());
    return ServerParameterStore.join(
        layout, links, number, membership, patience, server.codecConfig(), events);
  }

  /** The first parameters are what the others may start from. */
  private void train(long version) {
    begunAt = version;
    for (int i = 0; i < learners.size(); i++) {
      byte[] state = resumed.getOrDefault(part(i), new byte[0]);
      training.add(learners.get(i).call(each -> each.train(version, state)));
    }
  }

  private void tellOfJoining() {
    failures.accept(
        "if learners join from other processes, and this run is resumed, it has other bits than one that never stopped: their states are not part of its checkpoints");
  }

  private static String part(int learner) {
    return "learner-" + (learner + 1);
  }

  /** Why the learners' states are not part of checkpoints. */
  private Optional<String> inexact(TrainingConfig config) {
    if (server.learners() == 1 && server.addresses().isEmpty()) {
      return Optional.empty();
    } else if (!(server.consistency() instanceof Consistency.Synchronous synchronous)
        || synchronous.first() > 0) {
      return Optional.of("the order of steps depends on time where learning is not synchronous");
    } else if (server.learners() == 1) {
      return Optional.empty();
    } else if (config.workers().asynchronous()) {
      return Optional.of("workers.asynchronous collects ahead of what the other learners save");
    } else if (config.algorithm() instanceof PpoConfig ppo && ppo.targetKl() > 0) {
      return Optional.of("target-kl ends the learners' iterations at different steps");
    }
    return Optional.empty();
  }

  /** The learners' states, as they were at the version that the trainer has. */
  private Map<String, byte[]> states(long version) {
    Map<String, byte[]> states = new HashMap<>();
    if (version == begunAt) { // no iteration has ended since
      for (int i = 0; i < learners.size(); i++) {
        byte[] state = resumed.get(part(i));
        if (state != null) {
          states.put(part(i), state);
        }
      }
      return states;
    }
    for (int i = 0; i < training.size() && savesStates; i++) {
      byte[] state = {};
      try {
        state = runtime.get(learners.get(i).call(learner -> learner.state(version)));
      } catch (TaskException e) {
        LOG.debug("learner {} cannot say what its state is", i + 1, e);
      }
      if (state.length > 0) {
        states.put(part(i), state);
      } else if (stateless.add(i)) {
        failures.accept(
            "learner %s was not in step at version %s, or its state is larger than %s MiB, as with a full replay memory: checkpoints are without it, and a run resumed from them begins anew for this learner"
                .formatted(i + 1, version, LearnerStates.MOST_BYTES >> 20));
      }
    }
    return states;
  }

  private void resume(Map<String, byte[]> parts) {
    resumed = parts;
    if (server.codecConfig().feedsErrorsBack()
        && !parts.containsKey(ServerParameterStore.FEEDBACK)) {
      failures.accept(
          "the checkpoint does not hold what %s had left out of gradients: this run has other bits than one that never stopped"
              .formatted(server.codec()));
    }
    for (int i = 0; i < learners.size() && savesStates; i++) {
      if (!parts.containsKey(part(i))) {
        failures.accept(
            "the checkpoint does not hold the state of learner %s, which begins new episodes: this run has other bits than one that never stopped"
                .formatted(i + 1));
      }
    }
    long others = parts.keySet().stream().filter(name -> name.startsWith("learner-")).count();
    if (others > learners.size()) {
      failures.accept(
          "the checkpoint is of %s learners, but learners is %s: this run has other bits than one that never stopped"
              .formatted(others + 1, server.learners()));
    }
  }

  /** Lets shards that have died come back. */
  private void awake() {
    long now = System.nanoTime();
    if (server.replicas() > 0
        && now - awoken >= LOOK.toNanos()
        && awakening.stream().allMatch(ObjectRef::isDone)) {
      awoken = now;
      awakening = hosts.stream().map(host -> host.run(ShardActor::awake)).toList();
    }
  }

  /** Tells of learners that have given their places up or were taken off, and that are back. */
  private void look(Set<Integer> present) {
    awake();
    for (int i = 0; i < numbers.size() && !present.isEmpty(); i++) {
      int number = numbers.get(i);
      if (present.contains(number)) {
        seen.add(number);
        if (away.remove(number)) {
          failures.accept("learner %s is back and takes part again".formatted(i + 1));
        }
      } else if (seen.contains(number) && away.add(number)) {
        String hang = hang(i);
        if (!hang.isEmpty()) {
          failures.accept("learner %s takes no part any more: %s".formatted(i + 1, hang));
        } else if (!tellIfEnded(i)) {
          failures.accept(
              "learner %s takes no part any more: its lease of %s s has ended; the others go on"
                  .formatted(i + 1, server.lease().toSeconds()));
        }
      }
    }
  }

  /**
   * Tells once why a learner has failed.
   *
   * @return false if it has not ended
   */
  private boolean tellIfEnded(int learner) {
    try {
      tell(learner, runtime.get(training.get(learner), LOOK));
    } catch (GetTimeoutException e) {
      return false;
    } catch (TaskException e) {
      tell(learner, String.valueOf(e.getMessage()));
    }
    return true;
  }

  private void tell(int learner, String failure) {
    if (!failure.isEmpty() && told.add(learner)) {
      failures.accept("learner %s failed: %s".formatted(learner + 1, failure));
    }
  }

  /** Why a learner has given its place up; empty if it has not, or does not even answer. */
  private String hang(int learner) {
    try {
      return runtime.get(learners.get(learner).call(LearnerActor::hang), LOOK);
    } catch (TaskException | GetTimeoutException e) {
      LOG.debug("learner {} does not say whether it hangs", learner + 1, e);
      return "";
    }
  }

  private <T> T await(ObjectRef<T> answer, String who) {
    try {
      return runtime.get(answer);
    } catch (TaskException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IllegalStateException(who + " could not be started: " + cause.getMessage(), e);
    }
  }

  /** Ends the learners after their present iteration, then the shards. */
  @Override
  public void close() {
    learners.forEach(learner -> end(learner.run(LearnerActor::stop)));
    for (int i = 0; i < training.size(); i++) {
      try {
        tell(i, lastWord(i));
      } catch (TaskException e) {
        tell(i, String.valueOf(e.getMessage()));
      } catch (WaitInterruptedException e) {
        LOG.debug("learner {} is not waited for", i + 1, e);
      }
    }
    learners.forEach(learner -> end(learner.run(LearnerActor::close)));
    if (connections != null) {
      connections.close();
    }
    hosts.forEach(host -> end(host.run(ShardActor::close)));
    training.clear();
    learners.clear();
    hosts.clear();
  }

  /** Waits for a learner's end, but not for one that hangs. */
  private String lastWord(int learner) {
    long start = System.nanoTime();
    while (true) {
      try {
        return runtime.get(training.get(learner), LOOK);
      } catch (GetTimeoutException e) {
        String hang = hang(learner);
        if (hang.isEmpty() && System.nanoTime() - start < server.progressTimeout().toNanos()) {
          continue;
        }
        runtime.kill(learners.get(learner), false);
        return hang.isEmpty()
            ? "it has not ended for %s s after it was asked to"
                .formatted(server.progressTimeout().toSeconds())
            : hang;
      }
    }
  }

  /**
   * An actor that has died, or a thread that may not wait, must not keep the others from ending.
   */
  private void end(ObjectRef<?> last) {
    try {
      runtime.get(last);
    } catch (TaskException | WaitInterruptedException e) {
      LOG.debug("'{}' failed; the runtime closes what is left", last.name(), e);
    }
  }
}
