package org.mobula.core.training;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.SafetensorsFile;
import org.mobula.core.parameters.SafetensorsFile.Tensor;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyFile;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.training.config.TrainingConfig;

/**
 * All that a run needs to go on as if it had never stopped, in a directory: {@code
 * policy.safetensors}, {@code networks.safetensors} where there are others beside the policy's,
 * {@code optimizer.safetensors}, {@code state.json}, {@code config.yaml} and {@code
 * provenance.json}, and a file {@code name.bin} for each large part. It is written under a
 * temporary name, synced and renamed: a checkpoint is whole or not there.
 *
 * <p>A replay memory and experience are never whole in memory beside themselves: they are written
 * into their file by and by, and read from there when the run goes on. Until then the checkpoint's
 * directory must stay.
 *
 * @param policy the policy's form
 * @param snapshot the policy's parameters and normaliser
 * @param store the parameters and the optimizer, of the same version
 * @param parts states of the other parts by name, each as it wrote itself
 * @param files states of parts that lie in files, by name
 */
public record Checkpoint(
    PolicySpec policy,
    PolicySnapshot snapshot,
    StoreState store,
    Map<String, byte[]> parts,
    Map<String, Path> files) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NETWORKS = "networks.safetensors";
  private static final String OPTIMIZER = "optimizer.safetensors";
  private static final String STEPS = "steps";
  private static final String STATE = "state.json";

  /** The part of the learner, with its replay memory. */
  static final String LEARNER = "learner";

  /** The part of the experience source, with experience that nobody has learnt from. */
  static final String SOURCE = "experience-source";

  /** Parts that are read when they are restored, since they may be large. */
  private static final Set<String> READ_LATER = Set.of(LEARNER, SOURCE);

  /** From so many bytes on a part has a file of its own. */
  private static final int LARGE = 1 << 16;

  private static final String FILE = "file";
  private static final String BYTES = "bytes";

  /** Copies the maps. */
  public Checkpoint {
    parts = Map.copyOf(parts);
    files = Map.copyOf(files);
  }

  /** With all parts in memory. */
  public Checkpoint(
      PolicySpec policy, PolicySnapshot snapshot, StoreState store, Map<String, byte[]> parts) {
    this(policy, snapshot, store, parts, Map.of());
  }

  /** Something that writes its state. */
  interface Writer {
    void write(DataOutputStream out) throws IOException;
  }

  /** Something that reads its state. */
  interface Reader {
    void read(DataInputStream in) throws IOException;
  }

  /** What {@code writer} writes. */
  static byte[] bytes(Writer writer) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      writer.write(out);
    }
    return bytes.toByteArray();
  }

  /** What {@code writer} writes, unless it is more than so many bytes. */
  static Optional<byte[]> bytes(Writer writer, int most) throws IOException {
    BoundedBytes bytes = new BoundedBytes(most);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      writer.write(out);
    } catch (TooMuchException e) {
      return Optional.empty();
    }
    return Optional.of(bytes.toByteArray());
  }

  private static final class TooMuchException extends IOException {
    private static final long serialVersionUID = 1L;
  }

  /** Takes no more than so many. */
  private static final class BoundedBytes extends OutputStream {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final int most;

    BoundedBytes(int most) {
      this.most = most;
    }

    private void require(int more) throws TooMuchException {
      if (more > most - bytes.size()) {
        throw new TooMuchException();
      }
    }

    @Override
    public void write(int value) throws IOException {
      require(1);
      bytes.write(value);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      require(length);
      bytes.write(source, offset, length);
    }

    byte[] toByteArray() {
      return bytes.toByteArray();
    }
  }

  /**
   * How far the run had come.
   *
   * @throws IOException if the checkpoint does not tell it
   */
  public TrainingProgress progress() throws IOException {
    TrainingProgress progress = new TrainingProgress(Long.MAX_VALUE);
    restore("progress", progress::readState);
    return progress;
  }

  /** Hands a part's state to its reader. */
  void restore(String part, Reader reader) throws IOException {
    byte[] bytes = parts.get(part);
    Path file = files.get(part);
    if (bytes == null && file == null) {
      throw new IOException("the checkpoint lacks the state of the " + part);
    }
    try (DataInputStream in =
        new DataInputStream(
            bytes != null
                ? new ByteArrayInputStream(bytes)
                : new BufferedInputStream(Files.newInputStream(file), LARGE))) {
      reader.read(in);
    } catch (EOFException e) {
      throw new IOException("the state of the " + part + " in the checkpoint is cut off", e);
    }
  }

  /**
   * Writes the checkpoint; it appears at {@code directory} whole.
   *
   * @param more parts by name, which write themselves straight into their files, in place of those
   *     of the same name
   */
  void write(Path directory, TrainingConfig config, Provenance provenance, Map<String, Writer> more)
      throws IOException {
    Path written = directory.resolveSibling("." + directory.getFileName() + ".part");
    RunDirectory.delete(written);
    RunDirectory.makeForOwner(directory.toAbsolutePath().resolveSibling(".").normalize());
    Files.createDirectories(written);
    PolicyFile.write(written.resolve(Policy.FILE_NAME), policy, snapshot);
    ParameterLayout layout = config.layout(policy);
    NetworksFile.write(written.resolve(NETWORKS), layout, store.parameters().values());
    Map<String, Tensor> moments = new LinkedHashMap<>();
    new TreeMap<>(store.moments())
        .forEach(
            (name, values) -> moments.putAll(SafetensorsFile.split(layout, name + "/", values)));
    Map<String, String> steps = Map.of(STEPS, Long.toString(store.optimizerSteps()));
    new SafetensorsFile(moments, steps).write(written.resolve(OPTIMIZER));
    ObjectNode state = JSON.createObjectNode();
    Map<String, Writer> all = new TreeMap<>();
    parts.forEach((name, bytes) -> all.put(name, out -> out.write(bytes)));
    all.putAll(more);
    for (Map.Entry<String, Writer> part : all.entrySet()) {
      String file = part.getKey() + ".bin";
      try (PartOutput stream = new PartOutput(written.resolve(file), LARGE)) {
        DataOutputStream out = new DataOutputStream(stream);
        part.getValue().write(out);
        out.flush();
        stream.finish();
        if (stream.isFile()) {
          state.putObject(part.getKey()).put(FILE, file).put(BYTES, stream.size());
        } else {
          state.put(part.getKey(), stream.bytes());
        }
      }
    }
    RunDirectory.write(
        written.resolve(STATE), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(state));
    RunDirectory.write(
        written.resolve("config.yaml"), ConfigWriter.write(config, TrainingConfig.algorithms()));
    RunDirectory.write(
        written.resolve("provenance.json"),
        JSON.writerWithDefaultPrettyPrinter().writeValueAsString(provenance));
    RunDirectory.sync(written);
    RunDirectory.delete(directory);
    Files.move(written, directory, StandardCopyOption.ATOMIC_MOVE);
    RunDirectory.sync(directory.resolveSibling("."));
  }

  /** Replaces some parts' states in a checkpoint, at once or not at all. */
  static void replaceParts(Path directory, Map<String, byte[]> parts) throws IOException {
    Path file = directory.resolve(STATE);
    if (!(JSON.readTree(file.toFile()) instanceof ObjectNode state)) {
      throw new IOException(file + " is broken: it is no JSON object");
    }
    parts.forEach(state::put);
    Path written = directory.resolve("." + STATE);
    RunDirectory.write(written, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(state));
    Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    RunDirectory.sync(directory);
  }

  /**
   * Reads a checkpoint.
   *
   * @param path the checkpoint's directory, a run's {@code checkpoints/best}, or a run directory,
   *     of which the newest checkpoint is taken
   * @throws IOException naming the file that is missing, cut off or broken
   */
  public static Checkpoint read(Path path) throws IOException {
    Path file = PolicyFile.locate(path);
    PolicyFile.Contents policy = PolicyFile.read(file);
    Path directory = file.getParent() == null ? Path.of("") : file.getParent();
    NetworksFile networks =
        NetworksFile.read(
            directory.resolve(NETWORKS),
            policy.spec().network().layout(),
            policy.snapshot().parameters().values());
    ParameterLayout layout = networks.layout();
    Path optimizerFile = directory.resolve(OPTIMIZER);
    SafetensorsFile optimizer = SafetensorsFile.read(optimizerFile);
    String steps = optimizer.metadata().get(STEPS);
    if (steps == null) {
      throw new IOException(optimizerFile + ": the optimizer's step count is missing");
    }
    Map<String, float[]> moments = new TreeMap<>();
    long optimizerSteps;
    try {
      optimizerSteps = Long.parseLong(steps);
      for (String tensor : optimizer.tensors().keySet()) {
        String moment = tensor.substring(0, Math.max(0, tensor.indexOf('/')));
        if (!moments.containsKey(moment)) {
          moments.put(moment, optimizer.join(layout, moment + "/"));
        }
      }
    } catch (IllegalArgumentException e) {
      throw new IOException(optimizerFile + " is broken: " + e.getMessage(), e);
    }
    ParameterSnapshot all =
        new ParameterSnapshot(policy.snapshot().parameters().version(), networks.values());
    StoreState store = new StoreState(all, optimizerSteps, moments);
    Map<String, byte[]> parts = new TreeMap<>();
    Map<String, Path> files = new TreeMap<>();
    readParts(directory.resolve(STATE), parts, files);
    Checkpoint read = new Checkpoint(policy.spec(), policy.snapshot(), store, parts, files);
    return new Checkpoint(
        read.policy, read.snapshot, store.withGathered(read.gathered()), parts, files);
  }

  /** What shards that are restored hand to those who join them. */
  private Gathered gathered() throws IOException {
    if (!parts.containsKey("progress") || !parts.containsKey("observation-statistics")) {
      return Gathered.nothing();
    }
    RunningStatistics seen = new RunningStatistics(policy.observationSpace().flatSize());
    restore("observation-statistics", seen::readState);
    return new Gathered(progress().environmentSteps(), seen.count() > 0 ? seen : null);
  }

  private static void readParts(Path state, Map<String, byte[]> parts, Map<String, Path> files)
      throws IOException {
    try {
      for (Map.Entry<String, JsonNode> part : JSON.readTree(state.toFile()).properties()) {
        String name = part.getKey();
        if (part.getValue().isObject()) {
          Path file = locate(state, name, part.getValue());
          if (READ_LATER.contains(name)) {
            files.put(name, file);
          } else {
            parts.put(name, Files.readAllBytes(file));
          }
        } else {
          byte[] bytes = part.getValue().binaryValue();
          if (bytes == null) {
            throw new IOException(state + " is broken: " + name + " is no text in Base64");
          }
          parts.put(name, bytes);
        }
      }
    } catch (JsonProcessingException e) {
      throw new IOException(state + " is cut off or broken: " + e.getOriginalMessage(), e);
    }
  }

  /** The file of a part, which lies beside the others' and is as long as it was written. */
  private static Path locate(Path state, String part, JsonNode entry) throws IOException {
    String name = entry.path(FILE).asText();
    if (!name.equals(part + ".bin") || !part.matches("[a-z0-9-]+")) {
      throw new IOException(
          state + " is broken: " + part + " cannot lie in the file \"" + name + "\"");
    }
    Path file = state.resolveSibling(name);
    if (Files.size(file) != entry.path(BYTES).asLong()) {
      throw new IOException(
          "%s is cut off or broken: it has %s bytes but must have %s"
              .formatted(file, Files.size(file), entry.path(BYTES).asLong()));
    }
    return file;
  }
}
