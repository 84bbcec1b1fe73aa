package org.mobula.core.parameters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.SafetensorsFile.Tensor;

class SafetensorsFileTest {
  private final Path folder;

  SafetensorsFileTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private static Path python() throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(
                SafetensorsFileTest.class.getResource("/safetensors/python.safetensors"))
            .toURI());
  }

  @Test
  void readsWhatPythonWrote() throws Exception {
    SafetensorsFile file = SafetensorsFile.read(python());
    assertThat(file.metadata())
        .containsOnly(Map.entry("algorithm", "ppo"), Map.entry("author", "Ada ü ✓"));
    assertThat(file.tensors())
        .containsOnlyKeys("policy.0.weight", "policy.0.bias", "temperature", "nothing");
    assertTensor(file, "policy.0.weight", List.of(2, 3), -0.5f, -0.25f, 0, 0.25f, 0.5f, 0.75f);
    assertTensor(file, "policy.0.bias", List.of(2), 1e-30f, -3.4e38f);
    assertTensor(file, "temperature", List.of(), 0.1f);
    assertTensor(file, "nothing", List.of(0, 3));
  }

  private static void assertTensor(
      SafetensorsFile file, String name, List<Integer> shape, float... values) {
    Tensor tensor = Objects.requireNonNull(file.tensors().get(name));
    assertThat(tensor.shape()).isEqualTo(shape);
    assertThat(tensor.values()).isEqualTo(values);
  }

  @Test
  void readsWhatItWrote() throws IOException {
    ParameterLayout layout =
        new ParameterLayout.Builder().add("weight", 300, 100).add("bias \"ü\"", 7).build();
    float[] values = new float[layout.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(i * 0x9E3779B9);
    }
    Path path = folder.resolve("policy.safetensors");
    Files.writeString(path, "something longer than nothing that was there before".repeat(5000));
    new SafetensorsFile(
            SafetensorsFile.split(layout, "exp_avg/", values), Map.of("step", "3", "α", "β"))
        .write(path);
    SafetensorsFile file = SafetensorsFile.read(path);
    assertThat(bits(file.join(layout, "exp_avg/"))).isEqualTo(bits(values));
    assertThat(file.metadata()).containsOnly(Map.entry("step", "3"), Map.entry("α", "β"));
    assertThat(file.tensors().keySet()).containsExactly("exp_avg/weight", "exp_avg/bias \"ü\"");
    long headerBytes =
        ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertThat(headerBytes % 8).isZero();
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }

  @Test
  void writesAFileWithoutTensors() throws IOException {
    Path path = folder.resolve("empty.safetensors");
    new SafetensorsFile(Map.of(), Map.of()).write(path);
    assertThat(SafetensorsFile.read(path).tensors()).isEmpty();
  }

  @Test
  void everyCutOfAFileIsRefused() throws Exception {
    byte[] whole = Files.readAllBytes(python());
    Path path = folder.resolve("cut.safetensors");
    for (int length = 0; length < whole.length; length++) {
      Files.write(path, Arrays.copyOf(whole, length));
      assertThatIOException()
          .as("the first %d bytes", length)
          .isThrownBy(() -> SafetensorsFile.read(path))
          .withMessageStartingWith(path.toString());
    }
    assertThatIOException()
        .isThrownBy(() -> SafetensorsFile.read(path))
        .withMessageContaining("is cut short: its tensors take 36 bytes but only 35 are there");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          []| 0| its header is not a JSON object
          {oops| 0| its header is not JSON
          {} {}| 0| its header is not JSON
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}| 4| Duplicate
          {"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}| 4| tensor a has the type 'F16' but only F32 can be read
          {"a":{"shape":[1],"data_offsets":[0,4]}}| 4| tensor a has the type ''
          {"a":3}| 0| tensor a has the type ''
          {"a":{"dtype":"F32","data_offsets":[0,4]}}| 4| tensor a has no shape
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}| 4| no two data_offsets
          {"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}| 4| a size or offset -1
          {"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}| 4| a size or offset 1.5
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}| 4| needs 8 bytes but its offsets are 0 to 4
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}| 8| tensor a starts at byte 4 but must start at 0
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}| 8| 4 bytes follow its last tensor
          {"a":{"dtype":"F32","shape":[2000000000,2000000000,2000000000],"data_offsets":[0,4]}}| 4| too large for an array
          {"__metadata__":{"step":3}}| 0| the metadata step is not a text
          """)
  void refusesADamagedHeader(String header, int dataBytes, String complaint) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(json.length).put(json);
    Path path = Files.write(folder.resolve("damaged.safetensors"), bytes.array());
    assertThatIOException()
        .isThrownBy(() -> SafetensorsFile.read(path))
        .withMessageStartingWith(path.toString())
        .withMessageContaining(complaint);
  }

  @Test
  void refusesAForeignFile() throws IOException {
    Path path = Files.writeString(folder.resolve("notes.txt"), "this is a text, not tensors");
    assertThatIOException()
        .isThrownBy(() -> SafetensorsFile.read(path))
        .withMessageStartingWith(path + " is not a whole safetensors file: its header would be");
    Path training = Files.writeString(folder.resolve("ppo.yaml"), "environment: {name: CartPole}");
    assertThatIOException()
        .isThrownBy(() -> SafetensorsFile.read(training))
        .withMessageEndingWith(
            ": it is a YAML file; name a run, a checkpoint or a policy.safetensors");
  }

  @Test
  void saysWhichTensorDoesNotFitTheNetwork() {
    ParameterLayout layout = new ParameterLayout.Builder().add("weight", 2, 3).build();
    SafetensorsFile file =
        new SafetensorsFile(Map.of("weight", new Tensor(List.of(3, 2), new float[6])), Map.of());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> file.join(layout, ""))
        .withMessage(
            "weight has shape [3, 2] but the network needs [2, 3]: was it saved by a network of"
                + " other sizes?");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> file.join(layout, "exp_avg/"))
        .withMessage(
            "there is no tensor exp_avg/weight, which the network needs; there are [weight]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Tensor(List.of(2, 2), new float[3]))
        .withMessage("a tensor of shape [2, 2] cannot hold 3 numbers");
  }
}
