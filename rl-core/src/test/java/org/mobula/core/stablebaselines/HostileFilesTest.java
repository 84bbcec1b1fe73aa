package org.mobula.core.stablebaselines;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.random.Pcg64;

/** Files that want to be executed, to write elsewhere, or to take all memory or time. */
class HostileFilesTest {
  private static final Path GOOD = Path.of("src/test/resources/stablebaselines/ppo-discrete.zip");

  @TempDir private Path folder;

  private static byte[] pickle(Object... parts) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(new byte[] {(byte) 0x80, 2});
    for (Object part : parts) {
      if (part instanceof Integer opcode) {
        bytes.write(opcode);
      } else {
        bytes.writeBytes(part instanceof byte[] raw ? raw : part.toString().getBytes(UTF_8));
      }
    }
    return bytes.toByteArray();
  }

  private static byte[] text(String text) {
    byte[] utf8 = text.getBytes(UTF_8);
    return ByteBuffer.allocate(5 + utf8.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put((byte) 'X')
        .putInt(utf8.length)
        .put(utf8)
        .array();
  }

  private static byte[] number(int value) {
    return ByteBuffer.allocate(5)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put((byte) 'J')
        .putInt(value)
        .array();
  }

  private static byte[] zip(Map<String, byte[]> entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue());
      }
    }
    return bytes.toByteArray();
  }

  /** A run whose tensors this pickle would be. */
  private Path run(byte[] pickle) throws IOException {
    byte[] torch =
        zip(Map.of("archive/data.pkl", pickle, "archive/data/0", new byte[] {1, 2, 3, 4}));
    return write(
        zip(
            Map.of(
                "data",
                "{\"n_epochs\": 1, \"gae_lambda\": 1}".getBytes(UTF_8),
                "policy.pth",
                torch)));
  }

  private Path write(byte[] contents) throws IOException {
    return Files.write(folder.resolve("run.zip"), contents);
  }

  private void refuses(byte[] pickle, String message) throws IOException {
    Path run = run(pickle);
    assertThatThrownBy(() -> StableBaselinesRun.read(run, null))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(run.toString())
        .hasMessageContaining(message);
    Path normalization = Files.write(folder.resolve("normalize.pkl"), pickle);
    assertThatThrownBy(() -> StableBaselinesRun.read(GOOD, normalization))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(normalization.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "posix, system",
    "nt, system",
    "subprocess, Popen",
    "builtins, eval",
    "builtins, getattr",
    "__builtin__, exec",
    "importlib, import_module",
    "cloudpickle.cloudpickle, _make_function",
    "torch._utils, _rebuild_tensor",
    "torch, load",
    "numpy, load",
    "collections, OrderedDict.fromkeys",
  })
  void executesNothing(String module, String name) throws IOException {
    String named =
        "its pickle names %s.%s, which is not among the tensors, arrays and descriptions that are read; nothing in a pickle is executed"
            .formatted(module, name);
    Path proof = folder.resolve("proof");
    byte[] command = text("touch " + proof);
    refuses(pickle("c" + module + "\n" + name + "\n", command, 0x85, "R."), named);
    refuses(pickle(text(module), text(name), 0x93, command, 0x85, "R."), named);
    assertThat(proof).doesNotExist();
  }

  @Test
  void refusesWhatIsNoPickleOfValues() throws IOException {
    refuses("not a pickle".getBytes(UTF_8), "it is no pickle of the protocols 2 to 5");
    refuses(new byte[] {(byte) 0x80, 1, '.'}, "it is a pickle of protocol 1 but must be of 2 to 5");
    refuses(pickle("I1\n."), "its pickle has the opcode 0x49 at byte 2");
    refuses(pickle("(iposix\nsystem\n."), "its pickle has the opcode 0x69 at byte 3");
    refuses(pickle(0x82, 1, "."), "its pickle has the opcode 0x82");
    refuses(pickle("ctorch\nFloatStorage\n)R."), "its pickle calls torch.FloatStorage");
    refuses(pickle("]K", 1, "K", 2, 0x86, "."), "it leaves values behind");
    refuses(pickle(")R."), "a value is missing");
    refuses(pickle("N)R."), "it calls None");
    refuses(pickle("}]Ns."), "a key of a dictionary is a list of 0 but must be a text or a number");
    refuses(pickle("}Q."), "its pickle names something beside it that is no storage");
    refuses(pickle("K\u0001."), "policy.pth is 1 but must be map");
    refuses(pickle("}", text("a"), "Ns."), "policy.pth: a is None but must be numbers");
    refuses(pickle("h\u0007."), "it remembers nothing as number 7");
    refuses(pickle("]"), "is a pickle that is cut off");
  }

  @Test
  void takesNoMoreThanItMay() throws IOException {
    ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    byte[] huge = length.putLong(0, 1L << 62).array();
    refuses(pickle(0x8e, huge, "."), "it says that 4611686018427387904 bytes follow, but 1 do");
    refuses(pickle(0x8d, length.putLong(0, -1).array(), "."), "it says that 18446744073709551615");
    refuses(pickle("X", new byte[] {-1, -1, -1, -1}, "."), "it says that 4294967295 bytes follow");
    refuses(pickle(0x8b, new byte[] {0, 1, 0, 0}, new byte[256], "."), "an integer of 256 bytes");
    byte[] lists = new byte[1_100_000];
    Arrays.fill(lists, (byte) ']');
    refuses(pickle(lists, "."), "its pickle takes more than 1,000,000 steps");
    // Lists in lists, 400,000 deep, are no recursion.
    byte[] nested = new byte[800_000];
    Arrays.fill(nested, 0, 400_000, (byte) ']');
    Arrays.fill(nested, 400_000, 800_000, (byte) 'a');
    refuses(pickle("]", nested, "."), "policy.pth is a list of 1 but must be map");
    // Each list holds the one before it twice: 2^100,000 in the end.
    ByteArrayOutputStream doubled = new ByteArrayOutputStream();
    for (int i = 0; i < 100_000; i++) {
      doubled.writeBytes(new byte[] {'2', (byte) 0x86});
    }
    refuses(pickle("]", doubled.toByteArray(), "."), "policy.pth is a list of 2 but must be map");
  }

  private static byte[] tensor(int numbers, int length, int stride) {
    return pickle(
        "ctorch._utils\n_rebuild_tensor_v2\n((",
        text("storage"),
        "ctorch\nFloatStorage\n",
        text("0"),
        text("cpu"),
        number(numbers),
        "tQK",
        0,
        number(length),
        0x85,
        number(stride),
        0x85,
        0x89,
        "NtR.");
  }

  @Test
  void makesNoArraysOfNothing() throws IOException {
    String path = "policy.pth: ";
    byte[] stretched = tensor(1, 1_000_000_000, 0);
    Path run = run(stretched);
    assertThatThrownBy(() -> StableBaselinesRun.read(run, null))
        .hasMessageEndingWith(
            path
                + "an array of shape [1000000000] has 1,000,000,000 numbers, of which the file holds 1");
    Path beyond = run(tensor(1_000_000_000, 1, 1));
    assertThatThrownBy(() -> StableBaselinesRun.read(beyond, null))
        .hasMessageEndingWith(
            path + "a storage says that it holds 1,000,000,000 numbers but holds 1");
    Path negative = run(tensor(1, -1, 1));
    assertThatThrownBy(() -> StableBaselinesRun.read(negative, null))
        .hasMessageEndingWith(path + "a shape has the length -1");
    // The same bytes as an array again and again.
    byte[] type = pickle("cnumpy\ndtype\n(U", 2, "u1tRq", 1, "0");
    byte[] array =
        pickle("cnumpy.core.numeric\n_frombuffer\n(h", 0, "h", 1, "(K", 127, "tU", 1, "CtR0");
    ByteArrayOutputStream again = new ByteArrayOutputStream();
    for (int i = 0; i < 2_000; i++) {
      again.write(array, 2, array.length - 2);
    }
    byte[] amplified =
        pickle(
            "B",
            new byte[] {127, 0, 0, 0},
            new byte[127],
            "q",
            0,
            "0",
            Arrays.copyOfRange(type, 2, type.length),
            again.toByteArray(),
            "N.");
    assertThatThrownBy(
            () -> Unpickler.read("it", amplified, Limits.of(1_000_000), Unpickler.Beside.NOTHING))
        .hasMessageStartingWith(
            "an array asks for 1,016 bytes, with which the file takes more than the 1,000,000");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../policy.pth", "/policy.pth", "a/../../policy.pth", "a\\b", "C:policy.pth"})
  void refusesPathsOutOfTheArchive(String name) throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("data", "{}".getBytes(UTF_8));
    entries.put(name, new byte[1]);
    Path run = write(zip(entries));
    assertThatThrownBy(() -> StableBaselinesRun.read(run, null))
        .isInstanceOf(IOException.class)
        .hasMessage("%s has an entry called \"%s\", which leads out of it", run, name);
  }

  @Test
  void unpacksNoBillionZeros() throws IOException {
    byte[] million = new byte[1_000_000];
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
    deflater.setInput(million);
    byte[] packed = new byte[10_000];
    int length = deflater.deflate(packed, 0, packed.length, Deflater.FULL_FLUSH);
    deflater.end();
    ByteArrayOutputStream billions = new ByteArrayOutputStream();
    for (int i = 0; i < 4000; i++) {
      billions.write(packed, 0, length);
    }
    billions.writeBytes(new byte[] {3, 0}); // an empty last block
    byte[] truthful = one("data", billions.toByteArray(), 4_000_000_000L);
    Path run = write(truthful);
    assertThat(Files.size(run)).isLessThan(5_000_000);
    assertThatThrownBy(() -> StableBaselinesRun.read(run, null))
        .isInstanceOf(IOException.class)
        .hasMessageMatching(
            ".*/data asks for 4,000,000,000 bytes, with which the file takes more than the [\\d,]+ that"
                + " it may: it is broken or hostile, or a larger heap is needed \\(-Xmx\\)");
    Path lying = write(one("data", billions.toByteArray(), 1000));
    assertThatThrownBy(() -> StableBaselinesRun.read(lying, null))
        .hasMessageEndingWith("/data unpacks to more bytes than it says");
    Path modest = write(one("data", new byte[] {3, 0}, 1000));
    assertThatThrownBy(() -> StableBaselinesRun.read(modest, null))
        .hasMessageEndingWith("/data is cut off: it unpacks to fewer bytes than it says");
  }

  /** An archive of one deflated entry that says whatever it likes of itself. */
  private static byte[] one(String name, byte[] packed, long unpacked) {
    byte[] utf8 = name.getBytes(UTF_8);
    ByteBuffer zip =
        ByteBuffer.allocate(30 + 46 + 22 + 2 * utf8.length + packed.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    zip.putInt(0x04034b50).position(26);
    zip.putShort((short) utf8.length).putShort((short) 0).put(utf8).put(packed);
    int directory = zip.position();
    zip.putInt(0x02014b50).position(directory + 10);
    zip.putShort((short) 8).position(directory + 20);
    zip.putInt(packed.length).putInt((int) unpacked).putShort((short) utf8.length);
    zip.position(directory + 46);
    zip.put(utf8);
    int end = zip.position();
    zip.putInt(0x06054b50).position(end + 10);
    zip.putShort((short) 1).putInt(end - directory).putInt(directory);
    return zip.array();
  }

  @Test
  void refusesArchivesThatAreNone() throws IOException {
    Path text = write("not an archive, but long enough to hold a directory".getBytes(UTF_8));
    assertThatThrownBy(() -> StableBaselinesRun.read(text, null))
        .hasMessage(text + " is no ZIP archive, or is cut off: it has no directory");
    Path empty = write(zip(Map.of("x", new byte[1])));
    assertThatThrownBy(() -> StableBaselinesRun.read(empty, null))
        .hasMessage(empty + " was not written by Stable-Baselines3's model.save: it has no data");
    Path other = write(zip(Map.of("data", "{}".getBytes(UTF_8))));
    assertThatThrownBy(() -> StableBaselinesRun.read(other, null))
        .hasMessage(
            other
                + " is of another algorithm than PPO, A2C, DQN, SAC, TD3 and DDPG, by its settings");
    byte[] twice = zip(Map.of("data1", new byte[1], "data2", new byte[1]));
    for (int i = 0; i < twice.length; i++) {
      twice[i] = twice[i] == '2' && twice[i - 1] == 'a' ? (byte) '1' : twice[i];
    }
    Path doubled = write(twice);
    assertThatThrownBy(() -> StableBaselinesRun.read(doubled, null))
        .hasMessage(doubled + " has two entries called \"data1\"");
  }

  @Test
  void makesNoBillionEnvironments() throws IOException {
    ZipArchive good = new ZipArchive(GOOD.toString(), Files.readAllBytes(GOOD), Limits.ofHeap());
    Map<String, byte[]> entries = new LinkedHashMap<>();
    for (String name : good.names()) {
      entries.put(name, requireNonNull(good.find(name)));
    }
    String data = new String(requireNonNull(entries.get("data")), UTF_8);
    entries.put("data", data.replace("\"n_envs\": 1", "\"n_envs\": 1000000000").getBytes(UTF_8));
    Path many = write(zip(entries));
    StableBaselinesRun run = StableBaselinesRun.read(many, null);
    assertThatThrownBy(() -> run.config("CartPole-v1"))
        .isInstanceOf(IOException.class)
        .hasMessage(many + ": n_envs is 1,000,000,000 but must be at most 10,000");
  }

  /** However a good file is cut off or changed, it is read or refused, and nothing else happens. */
  @Test
  void survivesAnyDamage() throws IOException {
    byte[] good = Files.readAllBytes(GOOD);
    for (int length = 0; length < good.length; length += 2_999) {
      Path cut = write(Arrays.copyOf(good, length));
      assertThatThrownBy(() -> StableBaselinesRun.read(cut, null)).isInstanceOf(IOException.class);
    }
    Pcg64 random = new Pcg64(5);
    byte[] policy = requireNonNull(new ZipArchive("it", good, Limits.ofHeap()).find("policy.pth"));
    byte[] pickle =
        requireNonNull(new ZipArchive("it", policy, Limits.ofHeap()).find("archive/data.pkl"));
    byte[] numbers = new byte[4096];
    int refused = 0;
    for (int i = 0; i < 2_000; i++) {
      byte[] damaged = pickle.clone();
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      try {
        Unpickler.read(
            "it",
            damaged,
            Limits.of(1 << 20),
            id -> new Pickled.Storage(NumberKind.FLOAT, numbers));
      } catch (IOException e) {
        refused++;
      }
    }
    assertThat(refused).isBetween(500, 2_000);
  }
}
