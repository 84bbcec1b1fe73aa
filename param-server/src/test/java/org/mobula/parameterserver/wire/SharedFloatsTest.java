package org.mobula.parameterserver.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.random.Pcg64;
import org.mobula.core.testing.SelfSigned;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecConfig;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.LayoutHash;
import org.mobula.parameterserver.shard.LinkLostException;
import org.mobula.parameterserver.shard.LocalShardLink;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Push;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.Stepped;
import org.mobula.parameterserver.wire.FaultProxy.Direction;
import org.mobula.parameterserver.wire.FaultProxy.Fault;
import org.mobula.parameterserver.wire.SharedFloats.Name;
import org.mobula.parameterserver.wire.SharedFloats.Terms;

/** Floats in memory that a client and a server of one machine share. */
class SharedFloatsTest {
  /** More than fits a frame, and no whole number of segments. */
  private static final int SIZE = 200_003;

  private static final Terms TERMS = Terms.of(SIZE, CodecKind.FP32, CodecKind.FP32);

  /** For copies of this length on a machine that has much else to do. */
  private static final WireTimes PATIENT =
      new WireTimes(Duration.ofMillis(100), Duration.ofSeconds(30), Duration.ofSeconds(30));

  @TempDir Path folder;

  @BeforeEach
  void memory() {
    assumeTrue(Files.isDirectory(Path.of("/dev/shm")), "the machine has no file system in memory");
  }

  private static ShardServer serve(Transport transport, Address address, Shard shard) {
    return ShardServer.start(
        transport, address, List.of(shard), ListenConfig.defaults().withTimes(PATIENT));
  }

  private static SocketShardLink connect(Transport transport, Address address) {
    return Wires.get(SocketShardLink.connect(transport, address, 0, config("fp32", "fp32")));
  }

  private static Caller join(ShardLink link, Shard shard) {
    Joined joined =
        Wires.get(link.join(new Join(0, 7, LayoutHash.of(shard.setup().layout()), 0, SIZE)));
    return new Caller(0, 7, joined.epoch());
  }

  private static float[] gradient() {
    return gradient(11);
  }

  /** Two steps and a pull; the values' bits after each. */
  private static List<int[]> steps(ShardLink link, Shard shard) {
    Caller caller = join(link, shard);
    float[] values = new float[SIZE];
    List<int[]> seen = new ArrayList<>();
    for (int clock = 1; clock <= 2; clock++) {
      Push push = new Push(caller, clock, clock - 1, 0.1);
      Wires.get(link.pushPull(push, FloatSlice.of(gradient()), FloatSlice.of(values)));
      seen.add(bits(values));
    }
    Arrays.fill(values, 0);
    Wires.get(link.pull(new Pull(caller, Pull.NOTHING), FloatSlice.of(values)));
    seen.add(bits(values));
    return seen;
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
    return bits;
  }

  private static LinkConfig config(String gradients, String values) {
    return Wires.config(SIZE)
        .withTimes(PATIENT)
        .withCodecs(CodecConfig.parse(gradients), CodecConfig.parse(values));
  }

  /** Runs the steps over a link, and says how many bytes came and went over its connection. */
  private static List<int[]> steps(
      Transport transport, ShardServer server, Shard shard, LinkConfig config, long[] bytes) {
    try (SocketShardLink link =
        Wires.get(SocketShardLink.connect(transport, server.address(), 0, config))) {
      List<int[]> seen = steps(link, shard);
      var status = Wires.get(link.status());
      bytes[0] = status.bytesIn();
      bytes[1] = status.bytesOut();
      return seen;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "tcp, fp32, fp32",
    "unix, fp32, fp32",
    "unix, bf16, bf16",
    "unix, fp16, fp32",
    "tcp, int8, bf16",
    "unix, top-k:0.01, fp32"
  })
  void floatsLeaveTheConnection(String kind, String gradients, String values) throws Exception {
    // Over TLS they stay on it.
    SelfSigned certificate = SelfSigned.in(folder);
    long[] framed = new long[2];
    long[] shared = new long[2];
    List<int[]> expected;
    List<int[]> seen;
    try (Transport transport = Transport.open()) {
      Shard one = Wires.primary(SIZE);
      try (ShardServer server =
          ShardServer.start(
              transport,
              Wires.ANY_PORT,
              List.of(one),
              ListenConfig.defaults()
                  .withTimes(PATIENT)
                  .withTls(certificate.certificate(), certificate.privateKey()))) {
        LinkConfig trusting = config(gradients, values).withTls(certificate.certificate());
        expected = steps(transport, server, one, trusting, framed);
      }
      Shard other = Wires.primary(SIZE);
      Address address =
          kind.equals("tcp")
              ? Wires.ANY_PORT
              : new Address.Unix(folder.resolve("shard").toString());
      try (ShardServer server = serve(transport, address, other)) {
        seen = steps(transport, server, other, config(gradients, values), shared);
      }
    }
    assertThat(seen).hasSameSizeAs(expected);
    for (int i = 0; i < seen.size(); i++) {
      assertThat(seen.get(i)).isEqualTo(expected.get(i));
    }
    boolean sparse = gradients.startsWith("top-k");
    assertThat(framed[0]).isGreaterThan(sparse ? 2 * 6 * SIZE / 100 : 2 * SIZE);
    assertThat(framed[1]).isGreaterThan(3 * 2 * SIZE);
    // Words alone; 49 sums of blocks are among those of the answers.
    assertThat(shared[0]).isLessThan(sparse ? framed[0] + 1000 : 2000);
    assertThat(shared[1]).isLessThan(5000);
  }

  @Test
  void theFileIsTheUsersAloneAndGoesOnceBothHaveIt() throws Exception {
    SharedFloats made = Objects.requireNonNull(SharedFloats.create(TERMS));
    Path file = made.name.file();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())))
        .isEqualTo("rwx------");
    SharedFloats opened = Objects.requireNonNull(SharedFloats.open(TERMS, made.name));
    opened.removeFile();
    assertThat(Files.exists(file.getParent(), LinkOption.NOFOLLOW_LINKS)).isFalse();
    Vectors floats = Vectors.of(FloatSlice.of(gradient()), Codec.reading(CodecKind.FP32));
    made.writeGradient(floats);
    float[] read = new float[SIZE];
    opened.readGradient(Vectors.of(FloatSlice.of(read), Codec.reading(CodecKind.FP32)));
    assertThat(bits(read)).isEqualTo(bits(gradient()));
    made.close();
    opened.close();
  }

  @Test
  void nothingElseIsMapped() throws Exception {
    assertThat(SharedFloats.open(TERMS, Name.random())).as("not there").isNull();
    assertThat(SharedFloats.create(Terms.of(1000, CodecKind.FP32, CodecKind.FP32)))
        .as("so small that a frame does")
        .isNull();
    assertThat(SharedFloats.create(Terms.of(100_000_000, CodecKind.FP32, CodecKind.FP32)))
        .as("so large that it would hold heartbeats up")
        .isNull();
    SharedFloats made = Objects.requireNonNull(SharedFloats.create(TERMS));
    Path place = made.name.file().getParent();
    assertThat(SharedFloats.open(Terms.of(SIZE + 1, CodecKind.FP32, CodecKind.FP32), made.name))
        .as("of another length")
        .isNull();
    Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("rwxr-x---"));
    assertThat(SharedFloats.open(TERMS, made.name)).as("open to others").isNull();
    Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("rwx------"));
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Files.move(made.name.file(), elsewhere.resolve("floats"));
    Files.delete(place);
    Files.createSymbolicLink(place, elsewhere);
    assertThat(SharedFloats.open(TERMS, made.name)).as("a link").isNull();
    Files.delete(place);
    made.giveUp();
  }

  /** Opens the file of an offer that passes by, and does the rest of the plan. */
  private static final class Peeping implements FaultProxy.Plan {
    private final boolean hide;
    private volatile @Nullable FileChannel file;
    private volatile boolean cutting;

    /** Hides the file from the server, if so told. */
    Peeping(boolean hide) {
      this.hide = hide;
    }

    /** Cuts it short: now, or between the client's writing and the server's reading. */
    void cut(boolean later) {
      if (later) {
        cutting = true;
      } else {
        cut();
      }
    }

    private void cut() {
      try (FileChannel opened = Objects.requireNonNull(file)) {
        opened.truncate(0);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public Fault decide(Direction direction, int kind, byte[] frame) {
      if (kind == Kind.SHARE.id) {
        ByteBuffer words = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
        words.position(Header.BYTES + Integer.BYTES);
        Path path = new Name(words.getLong(), words.getLong()).file();
        try {
          file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
          if (hide) {
            Files.delete(path);
          }
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
      if (kind == Kind.PUSH_PULL.id && cutting) {
        cut();
      }
      return Fault.NONE;
    }
  }

  @Test
  void framesGoOnWhereTheServerCannotMapTheFile() throws Exception {
    try (Transport transport = Transport.open()) {
      Shard shard = Wires.primary(SIZE);
      Peeping peeping = new Peeping(true);
      try (ShardServer server = serve(transport, Wires.ANY_PORT, shard);
          FaultProxy proxy = new FaultProxy(server.address(), peeping);
          SocketShardLink link = connect(transport, proxy.address())) {
        assertThat(steps(link, shard)).hasSize(3);
        assertThat(Wires.get(link.status()).bytesIn()).isGreaterThan(2L * 4 * SIZE);
        assertThat(server.refusals()).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFileThatIsCutShortEndsItsConnectionAndNothingElse(boolean beforeItIsRead) throws Exception {
    try (Transport transport = Transport.open()) {
      Shard shard = Wires.primary(SIZE);
      Peeping peeping = new Peeping(false);
      try (ShardServer server = serve(transport, Wires.ANY_PORT, shard);
          FaultProxy proxy = new FaultProxy(server.address(), peeping);
          SocketShardLink link = connect(transport, proxy.address());
          SocketShardLink good = connect(transport, server.address())) {
        steps(link, shard);
        peeping.cut(beforeItIsRead);
        float[] values = new float[SIZE];
        Push push = new Push(new Caller(0, 7, 1), 3, 2, 0.1);
        assertThatThrownBy(
                () ->
                    Wires.get(
                        link.pushPull(push, FloatSlice.of(gradient()), FloatSlice.of(values))))
            .isInstanceOf(LinkLostException.class);
        // The same push again, over another connection with memory of its own.
        Caller caller = join(good, shard);
        Push again = new Push(caller, 3, 2, 0.1);
        assertThat(
                Wires.get(good.pushPull(again, FloatSlice.of(gradient()), FloatSlice.of(values)))
                    .version())
            .isEqualTo(3);
      }
    }
  }

  @Test
  void aClientThatDiesWhileItWritesHasPushedNothing() throws Exception {
    try (Transport transport = Transport.open()) {
      Shard shard = Wires.primary(SIZE);
      Peeping peeping = new Peeping(false);
      try (ShardServer server = serve(transport, Wires.ANY_PORT, shard);
          FaultProxy proxy = new FaultProxy(server.address(), peeping);
          SocketShardLink good = connect(transport, server.address())) {
        List<int[]> seen;
        try (SocketShardLink link = connect(transport, proxy.address())) {
          seen = steps(link, shard);
          FileChannel file = Objects.requireNonNull(peeping.file);
          byte[] half = new byte[2 * SIZE];
          Arrays.fill(half, (byte) 0xff); // NaN
          file.write(ByteBuffer.wrap(half), 0);
          file.close();
        }
        Caller caller = join(good, shard);
        float[] values = new float[SIZE];
        assertThat(
                Wires.get(good.pull(new Pull(caller, Pull.NOTHING), FloatSlice.of(values)))
                    .version())
            .isEqualTo(2);
        assertThat(bits(values)).isEqualTo(seen.get(1));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 0x8000})
  void floatsThatNobodySharesAreRefused(int flags) throws Exception {
    try (Transport transport = Transport.open()) {
      Shard shard = Wires.primary(50);
      FaultProxy.Plan marking =
          (direction, kind, frame) -> {
            if (kind == Kind.PULL.id) {
              frame[10] = (byte) flags;
              frame[11] = (byte) (flags >>> 8);
            }
            return Fault.NONE;
          };
      try (ShardServer server = serve(transport, Wires.ANY_PORT, shard);
          FaultProxy proxy = new FaultProxy(server.address(), marking);
          SocketShardLink link = Wires.connect(transport, proxy.address(), 50)) {
        assertThatThrownBy(
                () ->
                    Wires.get(
                        link.pull(
                            new Pull(Caller.reader(0), Pull.NOTHING),
                            FloatSlice.of(new float[50]))))
            .isInstanceOf(LinkLostException.class)
            .hasMessageContaining("MALFORMED");
        assertThat(server.refusals()).containsKey(Refusal.MALFORMED);
      }
    }
  }

  private static Shard rounds() {
    return Wires.primary(Wires.setup(SIZE, 0, Consistency.Synchronous.defaults()));
  }

  private static Caller join(ShardLink link, Shard shard, int worker) {
    Join join = new Join(worker, worker, LayoutHash.of(shard.setup().layout()), 0, SIZE);
    return new Caller(worker, worker, Wires.get(link.join(join)).epoch());
  }

  private static float[] gradient(int seed) {
    Pcg64 random = new Pcg64(seed);
    float[] gradient = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      gradient[i] = (float) random.nextGaussian();
    }
    return gradient;
  }

  /** What is left of floats after they have travelled. */
  private static float[] carried(String codec, float[] values) {
    Codec there = CodecConfig.parse(codec).create();
    float[] carried = new float[values.length];
    for (int from = 0; from < values.length; from += Codec.SEGMENT) {
      int count = Math.min(Codec.SEGMENT, values.length - from);
      ByteBuffer bytes = ByteBuffer.allocate(there.maxEncodedBytes(count));
      there.encode(values, from, count, bytes);
      there.decode(bytes.flip(), carried, from, count);
    }
    return carried;
  }

  private static CompletableFuture<Stepped> push(
      ShardLink link, Caller caller, int clock, float[] gradient, float[] values) {
    Push push = new Push(caller, clock, clock - 1, 0.1);
    return link.pushPull(push, FloatSlice.of(gradient), FloatSlice.of(values));
  }

  @ParameterizedTest
  @CsvSource({"fp32, fp32", "bf16, bf16", "int8, int8", "fp16, bf16"})
  void aRoundHasTheSameBitsWhereOneWorkerSharesMemory(String gradients, String values)
      throws Exception {
    Shard expected = rounds();
    Shard shard = rounds();
    Address address = new Address.Unix(folder.resolve("shard").toString());
    try (Transport transport = Transport.open();
        ShardServer server = serve(transport, address, shard);
        LocalShardLink here = new LocalShardLink(expected);
        LocalShardLink near = new LocalShardLink(shard);
        SocketShardLink link =
            Wires.get(
                SocketShardLink.connect(
                    transport, server.address(), 0, config(gradients, values)))) {
      List<Caller> callers = new ArrayList<>();
      for (int worker = 0; worker < 2; worker++) {
        join(here, expected, worker);
        callers.add(join(worker == 0 ? near : link, shard, worker));
      }
      float[][] wanted = new float[2][SIZE];
      float[][] seen = new float[2][SIZE];
      for (int clock = 1; clock <= 3; clock++) {
        float[] first = gradient(2 * clock);
        float[] second = gradient(2 * clock + 1);
        var one = push(here, callers.get(0), clock, first, wanted[0]);
        var other = push(here, callers.get(1), clock, carried(gradients, second), wanted[1]);
        double[] sums = Wires.get(one).blockSums();
        Wires.get(other);
        var nearOne = push(near, callers.get(0), clock, first, seen[0]);
        var farOne = push(link, callers.get(1), clock, second, seen[1]);
        assertThat(Wires.get(nearOne).blockSums()).isEqualTo(sums);
        assertThat(Wires.get(farOne).blockSums()).isEqualTo(sums);
        assertThat(bits(seen[0])).isEqualTo(bits(wanted[0]));
        assertThat(bits(seen[1])).isEqualTo(bits(carried(values, wanted[1])));
      }
      assertThat(Wires.get(link.status()).bytesIn())
          .as("the floats took no frame")
          .isLessThan(SIZE);
    }
  }

  @Test
  void aGradientIsInTheRoundThoughItsConnectionHasGone() throws Exception {
    Shard expected = rounds();
    Shard shard = rounds();
    try (Transport transport = Transport.open();
        ShardServer server = serve(transport, Wires.ANY_PORT, shard);
        LocalShardLink here = new LocalShardLink(expected);
        LocalShardLink near = new LocalShardLink(shard)) {
      float[] wanted = new float[SIZE];
      float[] seen = new float[SIZE];
      Caller first = join(here, expected, 0);
      Caller second = join(here, expected, 1);
      var one = push(here, first, 1, gradient(1), wanted);
      var other = push(here, second, 1, gradient(2), new float[SIZE]);
      Wires.get(one);
      Wires.get(other);
      join(near, shard, 0);
      SocketShardLink link = connect(transport, server.address());
      join(link, shard, 1);
      var lost = push(link, second, 1, gradient(2), new float[SIZE]);
      // Answered after the push has been read.
      assertThat(Wires.get(link.clock(second)).received()).isEqualTo(1);
      link.close();
      assertThatThrownBy(() -> Wires.get(lost)).isInstanceOf(LinkLostException.class);
      while (server.connections() > 0) {
        Thread.onSpinWait();
      }
      for (int turn = 0; turn < 2; turn++) { // counted down in one, dealt with in the next
        transport.loops().submit(() -> {}).sync();
      }
      Wires.get(push(near, first, 1, gradient(1), seen));
      assertThat(bits(seen)).isEqualTo(bits(wanted));
    }
  }

  @ParameterizedTest
  @CsvSource({"fp32, false", "int8, false", "fp32, true"})
  void aGradientThatIsSpoiltBehindItsPushLeavesTheRound(String codec, boolean cut)
      throws Exception {
    Shard shard = rounds();
    Peeping peeping = new Peeping(false);
    try (Transport transport = Transport.open();
        ShardServer server = serve(transport, Wires.ANY_PORT, shard);
        FaultProxy proxy = new FaultProxy(server.address(), peeping);
        LocalShardLink near = new LocalShardLink(shard);
        SocketShardLink link =
            Wires.get(
                SocketShardLink.connect(transport, proxy.address(), 0, config(codec, "fp32")));
        SocketShardLink good =
            Wires.get(
                SocketShardLink.connect(transport, server.address(), 0, config(codec, "fp32")))) {
      Caller first = join(near, shard, 0);
      Caller second = join(link, shard, 1);
      var spoilt = push(link, second, 1, gradient(2), new float[SIZE]);
      assertThat(Wires.get(link.clock(second)).received()).isEqualTo(1);
      if (cut) {
        peeping.cut(false);
      } else {
        byte[] bytes = new byte[SIZE];
        Arrays.fill(bytes, (byte) 0xff); // NaN as fp32, no code of int8
        try (FileChannel file = Objects.requireNonNull(peeping.file)) {
          file.write(ByteBuffer.wrap(bytes), 0);
        }
      }
      float[] values = new float[SIZE];
      var waits = push(near, first, 1, gradient(1), values);
      if (cut || codec.equals("int8")) {
        assertThatThrownBy(() -> Wires.get(spoilt))
            .isInstanceOf(LinkLostException.class)
            .hasMessageContaining("MALFORMED");
      } else {
        // Finite numbers that are not the pushed ones nobody can tell; these are none.
        assertThatThrownBy(() -> Wires.get(spoilt))
            .isInstanceOf(RefusedException.class)
            .hasMessageContaining("the gradient of worker 1 holds NaN or infinity");
      }
      assertThat(waits).isNotDone();
      join(good, shard, 1);
      assertThat(Wires.get(push(good, second, 1, gradient(2), new float[SIZE])).version())
          .isEqualTo(1);
      assertThat(Wires.get(waits).version()).isEqualTo(1);
    }
  }
}
