package org.mobula.parameterserver.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.IntBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.config.SecretFile;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.random.Pcg64;
import org.mobula.core.testing.NewThread;
import org.mobula.core.testing.SelfSigned;
import org.mobula.parameterserver.codec.CodecConfig;
import org.mobula.parameterserver.codec.ErrorFeedback;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Clocks;
import org.mobula.parameterserver.shard.Commit;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Entry;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.LayoutHash;
import org.mobula.parameterserver.shard.LinkLostException;
import org.mobula.parameterserver.shard.LocalShardLink;
import org.mobula.parameterserver.shard.Promote;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Push;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.ReplicatingLink;
import org.mobula.parameterserver.shard.Restore;
import org.mobula.parameterserver.shard.Ruling;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.ShardState;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.shard.ShardStatus.Role;
import org.mobula.parameterserver.shard.Stepped;

class SocketShardLinkTest {
  @TempDir Path folder;
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  private <T extends AutoCloseable> T opened(T part) {
    open.add(part);
    return part;
  }

  private Transport transport(String kind) {
    return opened(kind.startsWith("nio") ? Transport.openNio() : Transport.open());
  }

  private Address address(String kind) {
    return kind.endsWith("unix")
        ? new Address.Unix(folder.resolve("shard").toString())
        : Wires.ANY_PORT;
  }

  private Address serve(String kind, Transport transport, Shard... shards) {
    return opened(Wires.serve(transport, address(kind), shards)).address();
  }

  private SocketShardLink connect(Transport transport, Address address, LinkConfig config) {
    return opened(Wires.get(SocketShardLink.connect(transport, address, 0, config)));
  }

  private static Caller join(ShardLink link, ShardSetup setup) {
    Joined joined =
        Wires.get(
            link.join(
                new Join(Join.ANY, 77, LayoutHash.of(setup.layout()), setup.from(), setup.to())));
    return new Caller(joined.worker(), 77, joined.epoch());
  }

  private static float[] gaussian(Pcg64 random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** A thread's question stays before what is asked later, by whichever thread. */
  @Test
  void whatIsAskedFirstIsSentFirst() {
    ShardSetup setup = Wires.setup(8, 0, new Consistency.Asynchronous());
    Transport transport = transport("any");
    Address address = serve("any", transport, Wires.primary(setup));
    SocketShardLink link = connect(transport, address, Wires.config(8));
    Caller caller = join(link, setup);
    Thread test = Thread.currentThread();
    CompletableFuture<CompletableFuture<Clocks>> first = new CompletableFuture<>();
    while (!first.isDone()) {
      Wires.get(
          link.status()
              .thenAccept(
                  status -> {
                    if (Thread.currentThread() == test) {
                      return; // The answer was here before anybody waited for it.
                    }
                    // The thread of the connection is busy here while another one asks.
                    CompletableFuture<CompletableFuture<Clocks>> asked = new CompletableFuture<>();
                    NewThread.EACH.execute(() -> asked.complete(link.clock(caller)));
                    CompletableFuture<Clocks> clock = asked.join();
                    var unused = link.leave(caller, "");
                    first.complete(clock);
                  }));
    }
    assertThat(Wires.get(Wires.get(first)).version()).isZero();
  }

  /** Statistics of large pictures are longer than a frame. */
  @Test
  void whatWorkersGatherTravelsWhole() {
    ShardSetup setup = Wires.setup(70_000, 0, new Consistency.Asynchronous());
    Transport transport = transport("any");
    SocketShardLink link =
        connect(transport, serve("tcp", transport, Wires.primary(setup)), Wires.config(70_000));
    Caller caller = join(link, setup);
    RunningStatistics statistics = new RunningStatistics(100_000);
    statistics.update(gaussian(new Pcg64(3), 200_000));
    Gathered part = new Gathered(4_096, statistics);
    FloatSlice gradient = FloatSlice.of(gaussian(new Pcg64(5), 70_000));
    FloatSlice room = FloatSlice.of(new float[70_000]);
    Gathered stepped =
        Objects.requireNonNull(
            Wires.get(link.pushPull(new Push(caller, 1, 0, 0.1, part), gradient, room)).gathered());
    Gathered pulled =
        Objects.requireNonNull(
            Wires.get(link.pull(new Pull(caller, Pull.NOTHING), room)).gathered());
    Gathered saved = Wires.get(link.snapshot(caller, 0)).slice().gathered();
    RunningStatistics expected =
        Objects.requireNonNull(Gathered.nothing().plus(part).observations());
    for (Gathered each : List.of(stepped, pulled, saved)) {
      RunningStatistics seen = Objects.requireNonNull(each.observations());
      assertThat(each.environmentSteps()).isEqualTo(4_096);
      assertThat(seen.count()).isEqualTo(2);
      assertThat(seen.mean()).isEqualTo(expected.mean());
      assertThat(seen.variance()).isEqualTo(expected.variance());
    }
    RunningStatistics five = new RunningStatistics(5);
    five.update(new float[5]);
    Gathered other = new Gathered(0, five);
    assertThatThrownBy(
            () -> Wires.get(link.pushPull(new Push(caller, 2, 1, 0.1, other), gradient, room)))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining(
            "the statistics are of 5 features but those of the other workers of 100000");
  }

  // The same answers as without a socket.

  /** Everything that can be asked, and what came of it. */
  private static List<Object> story(ShardLink link, ShardSetup setup) {
    List<Object> told = new ArrayList<>();
    int size = setup.size();
    Pcg64 random = new Pcg64(5);
    Caller caller = join(link, setup);
    told.add(caller);
    float[] values = new float[size + 2];
    FloatSlice room = new FloatSlice(values, 1, size);
    for (long clock = 1; clock <= 3; clock++) {
      FloatSlice gradient = FloatSlice.of(gaussian(random, size));
      Push push = new Push(caller, clock, clock - 1, 0.1);
      Stepped stepped = Wires.get(link.pushPull(push, gradient, room));
      tell(told, stepped);
      if (stepped.awaitsCommit()) {
        tell(told, Wires.get(link.commit(new Commit(caller, clock, 100), room)));
      }
      told.add(values.clone());
      // Again, as if the answer had been lost.
      tell(told, Wires.get(link.push(push, gradient)));
    }
    told.add(Wires.get(link.clock(caller)));
    told.add(Wires.get(link.pull(new Pull(Caller.reader(caller.epoch()), 3), room)));
    told.add(Wires.get(link.pull(new Pull(caller, Pull.NOTHING), room)));
    told.add(values.clone());
    ShardState state = Wires.get(link.snapshot(caller, 0));
    told.add(List.of(state.epoch(), state.from(), state.slice().optimizerSteps()));
    told.add(state.slice().parameters().values());
    state.slice().moments().forEach((name, moment) -> told.addAll(List.of(name, moment)));
    Wires.get(link.setConsistency(caller, new Consistency.BoundedStaleness(3)));
    told.add(Wires.get(link.restore(new Restore(caller, state.slice(), 9))));
    told.add(refusal(link.push(new Push(caller, 4, 3, 0.1), FloatSlice.of(new float[size]))));
    told.add(refusal(link.promote(new Promote(new Ruling(77, 8, 2, true), 3))));
    ShardStatus status = Wires.get(link.status());
    told.add(List.of(status.role(), status.epoch(), status.version(), status.consistency()));
    told.add(List.of(status.workers(), status.pushes(), status.staleness(), status.duplicates()));
    told.add(refusal(link.push(new Push(caller, 4, 3, 0.1), FloatSlice.of(new float[size - 1]))));
    Wires.get(link.leave(caller, ""));
    told.add(Wires.get(link.status()).workers());
    // Arrays by their bits: comparing them number by number takes a test framework seconds.
    told.replaceAll(each -> each instanceof float[] floats ? bits(floats) : each);
    return told;
  }

  private static IntBuffer bits(float[] floats) {
    int[] bits = new int[floats.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(floats[i]));
    return IntBuffer.wrap(bits);
  }

  private static void tell(List<Object> told, Stepped stepped) {
    told.add(List.of(stepped.version(), stepped.awaitsCommit(), stepped.late()));
    told.add(Arrays.stream(stepped.blockSums()).boxed().toList());
  }

  private static List<Object> refusal(CompletableFuture<?> future) {
    RefusedException refused =
        catchThrowableOfType(RefusedException.class, () -> Wires.get(future));
    return List.of(refused.refusal(), refused.epoch(), String.valueOf(refused.getMessage()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"tcp", "unix", "nio-tcp", "nio-unix"})
  void aSocketTellsTheSameStory(String kind) {
    Transport transport = transport(kind);
    for (int size : new int[] {1, 5000, 65_536, 300_001}) {
      for (double maxNorm : new double[] {0, 0.5}) {
        ShardSetup setup = Wires.setup(size, maxNorm, Consistency.Synchronous.defaults());
        List<Object> expected = story(new LocalShardLink(Wires.primary(setup)), setup);
        try (ShardServer server = Wires.serve(transport, address(kind), Wires.primary(setup));
            SocketShardLink link = Wires.connect(transport, server.address(), size)) {
          assertThat(link.to()).isEqualTo(size);
          assertThat(story(link, setup)).isEqualTo(expected);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bf16", "fp16", "int8", "top-k:0.01"})
  void codecsCarryWhatErrorFeedbackLeaves(String codec) {
    int size = 70_001;
    Transport transport = transport("unix");
    Shard shard = Wires.primary(size);
    Address address = serve("unix", transport, shard);
    CodecConfig gradients = CodecConfig.parse(codec);
    SocketShardLink link =
        connect(
            transport,
            address,
            Wires.config(size).withCodecs(gradients, CodecConfig.parse("fp32")));
    Caller caller = join(link, shard.setup());
    float[] gradient = gaussian(new Pcg64(1), size);
    new ErrorFeedback(gradients, size).apply(gradient, 0, size);
    float[] values = new float[size];
    Wires.get(
        link.pushPull(new Push(caller, 1, 0, 0.5), FloatSlice.of(gradient), FloatSlice.of(values)));
    float[] expected = new float[size];
    for (int i = 0; i < size; i++) {
      expected[i] = (float) (0 - 0.5 * gradient[i]);
    }
    assertThat(values).usingComparatorWithPrecision(1e-6f).containsExactly(expected);
  }

  @Test
  void replicasFollowOverSockets() {
    int size = 70_000;
    Transport transport = transport("tcp");
    ShardSetup setup = Wires.setup(size, 0, Consistency.Synchronous.defaults());
    Shard primary = Wires.primary(setup);
    Shard replica = Shard.replica(setup, System::nanoTime);
    Address primaryAddress = serve("tcp", transport, primary);
    Address replicaAddress = serve("tcp", transport, replica);
    primary.replicateTo(connect(transport, replicaAddress, Wires.config(size)));
    while (primary.status().join().role() != Role.REPLICATED_PRIMARY) {
      Thread.onSpinWait();
    }
    SocketShardLink link = connect(transport, primaryAddress, Wires.config(size));
    Caller caller = join(link, setup);
    Pcg64 random = new Pcg64(9);
    float[] values = new float[size];
    for (int clock = 1; clock <= 3; clock++) {
      Wires.get(
          link.pushPull(
              new Push(caller, clock, clock - 1, 0.1),
              FloatSlice.of(gaussian(random, size)),
              FloatSlice.of(values)));
    }
    SocketShardLink other = connect(transport, replicaAddress, Wires.config(size));
    long epoch =
        Wires.get(other.promote(new Promote(new Ruling(77, caller.epoch(), 3, true), 3))).epoch();
    float[] replicated = new float[size];
    Wires.get(other.pull(new Pull(Caller.reader(epoch), Pull.NOTHING), FloatSlice.of(replicated)));
    assertThat(replicated).isEqualTo(values);
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix", "nio-unix"})
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has other permissions")
  void aSocketFileIsItsOwnersAlone(String kind) throws Exception {
    Transport transport = transport(kind);
    Files.createDirectory(folder.resolve(".m0")); // left by a server that was killed
    Address address = serve(kind, transport, Wires.primary(10));
    Path file = folder.resolve("shard");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(folder).isDirectoryNotContaining("glob:**.m1");
    assertThat(Wires.get(connect(transport, address, Wires.config(10)).status()).version())
        .isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix", "nio-unix"})
  void aSocketFileIsTakenOverFromAServerThatIsGoneAndFromNoOther(String kind) throws Exception {
    Transport transport = transport(kind);
    Address address = address(kind);
    Path file = folder.resolve("shard");
    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(file))
        .close();
    assertThat(file).exists(); // as after a kill
    serve(kind, transport, Wires.primary(10));
    assertThatThrownBy(() -> Wires.serve(transport, address, Wires.primary(10)))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessage("the server cannot listen on " + address + ": another server does");
    SocketShardLink link = connect(transport, address, Wires.config(10));
    assertThat(Wires.get(link.status()).version()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix", "nio-unix"})
  void aFileThatIsNoSocketIsLeftAlone(String kind) throws Exception {
    Path file = Files.writeString(folder.resolve("shard"), "precious");
    assertThatThrownBy(() -> Wires.serve(transport(kind), address(kind), Wires.primary(10)))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessage("the server cannot listen on unix:%s: what is there is no socket", file);
    assertThat(file).hasContent("precious");
  }

  // Who is let in.

  @Test
  void otherMachinesNeedAToken() {
    Transport transport = transport("tcp");
    Shard shard = Wires.primary(10);
    Address everywhere = new Address.Tcp("0.0.0.0", 0);
    assertThatThrownBy(() -> Wires.serve(transport, everywhere, shard))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "0.0.0.0:0 can be reached from other machines, and without a token anybody could"
                + " change the parameters: give a token, or listen on 127.0.0.1");
  }

  @Test
  void aTokenIsCompared() {
    Transport transport = transport("tcp");
    ShardServer server =
        opened(
            ShardServer.start(
                transport,
                Wires.ANY_PORT,
                List.of(Wires.primary(10)),
                ListenConfig.defaults().withToken("secret").withTimes(Wires.QUICK)));
    for (String token : new String[] {"", "secreT", "secret2"}) {
      assertThat(
              refusal(
                  SocketShardLink.connect(
                      transport, server.address(), 0, Wires.config(10).withToken(token))))
          .startsWith(Refusal.WRONG_TOKEN, -1L);
    }
    assertThat(server.refusals()).isEqualTo(Map.of(Refusal.WRONG_TOKEN, 3L));
    SocketShardLink link =
        connect(transport, server.address(), Wires.config(10).withToken("secret"));
    assertThat(Wires.get(link.status()).refusals()).containsEntry(Refusal.WRONG_TOKEN, 3L);
    assertThat(ListenConfig.defaults().withToken("secret").toString()).doesNotContain("secret");
    assertThat(Wires.config(10).withToken("secret").toString()).doesNotContain("secret");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has other permissions")
  void secretsThatOthersMayReadAreRefused() throws Exception {
    Path token = Files.writeString(folder.resolve("token"), "secret");
    Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(() -> ListenConfig.readToken(token))
        .hasMessage(
            token
                + " is rw-r----- but must be its owner's alone, since it holds a secret: chmod 600 "
                + token);
    SelfSigned own = SelfSigned.in(folder);
    Files.setPosixFilePermissions(own.privateKey(), PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(
            () ->
                ShardServer.start(
                    transport("tcp"),
                    Wires.ANY_PORT,
                    List.of(Wires.primary(10)),
                    ListenConfig.defaults().withTls(own.certificate(), own.privateKey())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith(": chmod 600 " + own.privateKey());
  }

  @Test
  void anotherLayoutIsTurnedAway() {
    Transport transport = transport("tcp");
    ShardServer server = opened(Wires.serve(transport, Wires.ANY_PORT, Wires.primary(10)));
    assertThat(refusal(SocketShardLink.connect(transport, server.address(), 0, Wires.config(11))))
        .contains(
            Refusal.WRONG_LAYOUT,
            "the client's parameters have other names, shapes, places or groups than the server's:"
                + " start both with the same configuration");
    assertThat(refusal(SocketShardLink.connect(transport, server.address(), 1, Wires.config(10))))
        .contains("shard 1 is asked for but the server hosts the shards 0 to 0");
    SocketShardLink stranger =
        connect(transport, server.address(), LinkConfig.health().withTimes(Wires.QUICK));
    assertThat(Wires.get(stranger.status()).refusals()).containsEntry(Refusal.WRONG_LAYOUT, 2L);
    assertThat(refusal(stranger.snapshot(Caller.reader(0), 0))).contains(Refusal.WRONG_LAYOUT);
  }

  @Test
  void tlsNeedsACertificateThatIsTrusted() throws Exception {
    SelfSigned own = SelfSigned.in(folder);
    Path certificate = own.certificate();
    Transport transport = transport("tcp");
    ShardServer server =
        opened(
            ShardServer.start(
                transport,
                Wires.ANY_PORT,
                List.of(Wires.primary(70_000)),
                ListenConfig.defaults()
                    .withTls(certificate, own.privateKey())
                    .withTimes(Wires.QUICK)));
    LinkConfig plain = Wires.config(70_000);
    SocketShardLink link = connect(transport, server.address(), plain.withTls(certificate));
    float[] values = new float[70_000];
    values[69_999] = 1;
    Wires.get(link.pull(new Pull(Caller.reader(0), Pull.NOTHING), FloatSlice.of(values)));
    assertThat(values[69_999]).isZero();
    assertThat(refusal(SocketShardLink.connect(transport, server.address(), 0, plain)))
        .contains(
            Refusal.WRONG_TLS,
            "the parameter server at "
                + server.address()
                + " cannot be spoken to, since it uses TLS and this side does not: both sides use"
                + " TLS, and its certificate is trusted, or neither does");
    SelfSigned stranger = SelfSigned.in(Files.createDirectory(folder.resolve("other")));
    assertThat(
            refusal(
                SocketShardLink.connect(
                    transport, server.address(), 0, plain.withTls(stranger.certificate()))))
        .first()
        .isEqualTo(Refusal.WRONG_TLS);
    ShardServer open = opened(Wires.serve(transport, Wires.ANY_PORT, Wires.primary(70_000)));
    assertThat(
            refusal(
                SocketShardLink.connect(transport, open.address(), 0, plain.withTls(certificate))))
        .first()
        .isEqualTo(Refusal.WRONG_TLS);
    Path noKey = folder.resolve("no.key");
    SecretFile.write(noKey, "it is none");
    ListenConfig wrong = ListenConfig.defaults().withTls(certificate, noKey);
    assertThatThrownBy(
            () -> ShardServer.start(transport, Wires.ANY_PORT, List.of(Wires.primary(1)), wrong))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("TLS cannot be set up from certificate ");
  }

  // Lost links.

  @Test
  void nobodyListens() {
    Transport transport = transport("tcp");
    ShardServer server = Wires.serve(transport, Wires.ANY_PORT, Wires.primary(10));
    server.close();
    assertThatThrownBy(() -> Wires.connect(transport, server.address(), 10))
        .isInstanceOf(LinkLostException.class)
        .hasMessageMatching(
            "no parameter server can be reached at 127.0.0.1:\\d+ \\(.*\\): is it started, and is"
                + " the address right\\?");
  }

  @Test
  void aServerThatGoesEndsWhatWaits() {
    Transport transport = transport("tcp");
    Shard shard = Wires.primary(Wires.setup(10, 0, Consistency.Synchronous.defaults()));
    ShardServer server = Wires.serve(transport, Wires.ANY_PORT, shard);
    SocketShardLink link = Wires.connect(transport, server.address(), 10);
    SocketShardLink second = Wires.connect(transport, server.address(), 10);
    Caller caller = join(link, shard.setup());
    Wires.get(second.join(new Join(5, 78, LayoutHash.of(Wires.layout(10)), 0, 10)));
    CompletableFuture<Stepped> waits =
        link.push(new Push(caller, 1, 0, 0.1), FloatSlice.of(new float[10]));
    assertThat(Wires.get(link.clock(caller)).received()).isEqualTo(1);
    server.close();
    assertThatThrownBy(() -> Wires.get(waits))
        .isInstanceOf(LinkLostException.class)
        .hasMessageStartingWith("the link to the parameter server at 127.0.0.1:");
    assertThatThrownBy(() -> Wires.get(link.status())).isInstanceOf(LinkLostException.class);
    second.close();
  }

  @Test
  void aClosedLinkSaysSo() {
    Transport transport = transport("tcp");
    Address address = serve("tcp", transport, Wires.primary(10));
    SocketShardLink link = Wires.connect(transport, address, 10);
    link.close();
    assertThatThrownBy(() -> Wires.get(link.status()))
        .isInstanceOf(LinkLostException.class)
        .hasMessageEndingWith("the link was closed");
  }

  @Test
  void anAnswerOfAnotherKindEndsTheLinkAndTheQuestion() throws Exception {
    Transport transport = transport("tcp");
    Address address = serve("tcp", transport, Wires.primary(10));
    FaultProxy proxy =
        opened(
            new FaultProxy(
                address,
                (direction, kind, frame) -> {
                  if (kind == (Kind.HEALTH.id | Kind.ANSWER)) {
                    frame[FaultProxy.KIND_AT] = (byte) (Kind.CLOCK.id | Kind.ANSWER);
                  }
                  return FaultProxy.Fault.NONE;
                }));
    SocketShardLink link = connect(transport, proxy.address(), Wires.config(10));
    assertThatThrownBy(() -> Wires.get(link.status()))
        .isInstanceOf(LinkLostException.class)
        .hasMessageEndingWith("it broke the protocol: CLOCK 2 is answered but was not asked");
  }

  @Test
  void aWorkerThatIsGoneBeforeItsJoiningIsAnsweredIsTakenOffSoon() throws Exception {
    AtomicLong nanos = new AtomicLong();
    Shard primary = primaryThatWaitsASecond(nanos);
    BlockingQueue<CompletableFuture<Long>> entries = new LinkedBlockingQueue<>();
    primary.replicateTo(
        new ReplicatingLink() {
          @Override
          public CompletableFuture<Long> replicate(Entry entry) {
            CompletableFuture<Long> reached = new CompletableFuture<>();
            entries.add(reached);
            return reached;
          }
        });
    entries.take().complete(Long.MAX_VALUE); // the state
    entries.take().complete(Long.MAX_VALUE); // and the word that it counts from now on
    Transport transport = transport("tcp");
    ShardServer server = opened(Wires.serve(transport, Wires.ANY_PORT, primary));
    SocketShardLink link = connect(transport, server.address(), Wires.config(10));
    var unanswered = link.join(new Join(0, 77, LayoutHash.of(Wires.layout(10)), 0, 10));
    CompletableFuture<Long> joining = entries.take();
    link.close();
    awaitConnections(transport, server, 0);
    assertThatThrownBy(() -> Wires.get(unanswered)).isInstanceOf(LinkLostException.class);
    joining.complete(Long.MAX_VALUE);
    assertThat(primary.status().join().workers()).containsExactly(0);
    transport.loops().submit(() -> {}).sync(); // what the connection does about it
    assertThat(workersASecondLater(primary, nanos)).isEmpty();
  }

  @Test
  void aWorkerThatHasConnectedAnewIsTakenOffWithItsNewConnectionAndNotWithItsOldOne()
      throws Exception {
    AtomicLong nanos = new AtomicLong();
    Shard primary = primaryThatWaitsASecond(nanos);
    Transport transport = transport("tcp");
    ShardServer server = opened(Wires.serve(transport, Wires.ANY_PORT, primary));
    SocketShardLink former = connect(transport, server.address(), Wires.config(10));
    Caller caller = join(former, primary.setup());
    SocketShardLink present = connect(transport, server.address(), Wires.config(10));
    Wires.get(present.clock(caller));
    former.close(); // The server may notice later than the worker.
    awaitConnections(transport, server, 1);
    assertThat(workersASecondLater(primary, nanos)).containsExactly(caller.worker());
    present.close();
    awaitConnections(transport, server, 0);
    assertThat(workersASecondLater(primary, nanos)).isEmpty();
  }

  /** Its lease is ten minutes long, but a second where the connection is gone. */
  private static Shard primaryThatWaitsASecond(AtomicLong nanos) {
    ShardSetup setup = Wires.setup(10, 0, Consistency.Synchronous.defaults());
    return Shard.primary(
        new ShardSetup(
            setup.layout(),
            0,
            10,
            setup.optimizer(),
            0,
            setup.consistency(),
            setup.lease(),
            Duration.ofSeconds(1),
            setup.replicaTimeout()),
        FloatSlice.of(new float[10]),
        nanos::get);
  }

  private static List<Integer> workersASecondLater(Shard shard, AtomicLong nanos) {
    nanos.addAndGet(Duration.ofSeconds(1).toNanos());
    shard.expire();
    return shard.status().join().workers();
  }

  private static void awaitConnections(Transport transport, ShardServer server, int wanted)
      throws InterruptedException {
    while (server.connections() > wanted) {
      Thread.onSpinWait();
    }
    for (int turn = 0; turn < 2; turn++) { // It is counted down in one, and dealt with in the next.
      transport.loops().submit(() -> {}).sync();
    }
  }

  @Test
  void valuesOnTheirWayAreOfOneVersion() {
    int size = 1 << 20; // more than the sockets' buffers hold
    Shard shard = Wires.primary(size);
    ShardSetup setup = shard.setup();
    Transport transport = opened(Transport.open());
    Address address = serve("unix", transport, shard);
    SocketShardLink link = connect(transport, address, Wires.config(size));
    ShardLink local = opened(new LocalShardLink(shard));
    Joined joined = Wires.get(local.join(new Join(0, 78, LayoutHash.of(setup.layout()), 0, size)));
    Caller worker = new Caller(joined.worker(), 78, joined.epoch());
    float[] gradient = new float[size];
    Arrays.fill(gradient, 1);
    float[] values = new float[size];
    long clock = 1;
    for (int i = 0; i < 20; i++) {
      CompletableFuture<?> pulled =
          link.pull(new Pull(Caller.reader(joined.epoch()), Pull.NOTHING), FloatSlice.of(values));
      do { // Steps are taken while the values travel.
        Push push = new Push(worker, clock, clock - 1, 0.1);
        Wires.get(local.push(push, FloatSlice.of(gradient)));
        clock++;
      } while (!pulled.isDone());
      Wires.get(pulled);
      float[] same = new float[size];
      Arrays.fill(same, values[0]);
      assertThat(bits(values)).isEqualTo(bits(same));
    }
  }

  @Test
  void requestsBeyondTheCreditsWaitTheirTurn() {
    Transport transport = transport("tcp");
    ShardServer server =
        opened(
            ShardServer.start(
                transport,
                Wires.ANY_PORT,
                List.of(Wires.primary(100_000)),
                ListenConfig.defaults().withRequests(1, 1).withTimes(Wires.QUICK)));
    SocketShardLink link = connect(transport, server.address(), Wires.config(100_000));
    Caller caller = join(link, Wires.setup(100_000, 0, new Consistency.Asynchronous()));
    List<CompletableFuture<?>> answers = new ArrayList<>();
    float[] values = new float[100_000];
    for (int clock = 1; clock <= 50; clock++) {
      answers.add(
          link.pushPull(
              new Push(caller, clock, 0, 0.1),
              FloatSlice.of(new float[100_000]),
              FloatSlice.of(values)));
      answers.add(link.status());
    }
    answers.forEach(Wires::get);
    assertThat(Wires.get(link.clock(caller)).done()).isEqualTo(50);
    assertThat(server.refusals()).isEmpty();
  }

  // Addresses.

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1:7171", "[::1]:7171", "host.example:0", "unix:/run/shard-0"})
  void anAddressIsWrittenAsItIsRead(String text) {
    assertThat(Address.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "host", ":7171", "host:", "host:x", "host:65536", "::1:7171", "unix:"})
  void aWrongAddressIsExplained(String text) {
    assertThatThrownBy(() -> Address.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be");
  }
}
