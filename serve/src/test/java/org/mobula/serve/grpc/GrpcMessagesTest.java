package org.mobula.serve.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.TextFormat;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.serve.grpc.proto.ModelInferRequest;
import org.mobula.serve.grpc.proto.ModelInferResponse;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.protocol.Answer;

/** What requests may look like, and what answers do, through a real channel. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GrpcMessagesTest {
  @SuppressWarnings("NullAway.Init") // by start()
  private GrpcHarness harness;

  @BeforeAll
  void start() throws Exception {
    harness = GrpcHarness.echo();
  }

  @AfterAll
  void stop() {
    harness.close();
  }

  private static ModelInferRequest message(String text) throws TextFormat.ParseException {
    return TextFormat.parse(text, ModelInferRequest.class);
  }

  private ModelInferResponse infer(String text) throws TextFormat.ParseException {
    return harness.blocking().modelInfer(message(text));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "BOOL   | bool_contents: [true, false]                          | \\001\\000",
        "INT8   | int_contents: [-128, 127]                             | \\200\\177",
        "INT16  | int_contents: [-32768, 32767]                         | \\000\\200\\377\\177",
        "INT32  | int_contents: [-2147483648, 1]        | \\000\\000\\000\\200\\001\\000\\000\\000",
        "INT64  | int64_contents: [-9223372036854775808, 1]"
            + " | \\0\\0\\0\\0\\0\\0\\0\\200\\001\\0\\0\\0\\0\\0\\0\\0",
        "UINT8  | uint_contents: [0, 255]                               | \\000\\377",
        "UINT16 | uint_contents: [0, 65535]                             | \\000\\000\\377\\377",
        "UINT32 | uint_contents: [4294967295, 1]        | \\377\\377\\377\\377\\001\\000\\000\\000",
        "UINT64 | uint64_contents: [18446744073709551615, 1]"
            + " | \\377\\377\\377\\377\\377\\377\\377\\377\\001\\0\\0\\0\\0\\0\\0\\0",
        "FP32   | fp32_contents: [1, -inf]              | \\000\\000\\200\\077\\000\\000\\200\\377",
        "FP64   | fp64_contents: [1, -2]"
            + " | \\0\\0\\0\\0\\0\\0\\360\\077\\0\\0\\0\\0\\0\\0\\000\\300",
        "BYTES  | bytes_contents: ['a\\377', '']        | \\002\\0\\0\\0a\\377\\0\\0\\0\\0",
      })
  void everyDatatypeComesBackAsItWent(String datatype, String contents, String raw)
      throws Exception {
    String head = "name: 'x' datatype: '" + datatype + "' shape: [2]";
    String typed = head + " contents { " + contents + " }";
    ModelInferResponse response = infer("model_name: 'm' inputs { " + typed + " }");
    assertThat(response.getRawOutputContentsCount()).isZero();
    assertThat(response.getOutputs(0))
        .isEqualTo(TextFormat.parse(typed, ModelInferResponse.InferOutputTensor.class));

    String rawContents = " raw_input_contents: '" + raw + "'";
    response = infer("model_name: 'm' inputs { " + head + " }" + rawContents);
    assertThat(response.getOutputs(0).hasContents()).isFalse();
    assertThat(response.getRawOutputContents(0))
        .isEqualTo(message(rawContents).getRawInputContents(0));
  }

  @ParameterizedTest
  @CsvSource({"FP16", "BF16"})
  void halvesAreRawOnly(String datatype) throws Exception {
    String head = "name: 'x' datatype: '" + datatype + "' shape: [2]";
    ModelInferResponse response =
        infer("inputs { " + head + " } raw_input_contents: '\\001\\002\\003\\004'");
    assertThat(response.getRawOutputContents(0))
        .isEqualTo(ByteString.copyFrom(new byte[] {1, 2, 3, 4}));
    assertRefused(
        "inputs { " + head + " contents { fp32_contents: [1, 2] } }",
        "'x' is of datatype "
            + datatype
            + ", which has no typed form; send it in"
            + " raw_input_contents");
  }

  @Test
  void answersRawWhereAnOutputHasNoOtherForm() throws Exception {
    try (GrpcHarness asked = GrpcHarness.asked()) {
      var answer =
          asked
              .future()
              .modelInfer(
                  message(
                      "inputs { name: 'x' datatype: 'INT8' shape: [1] contents { int_contents: 1 } }"));
      asked
          .asked
          .take()
          .caller()
          .succeed(
              new Answer(
                  "3",
                  List.of(
                      new Tensor("a", Datatype.INT8, new byte[] {7}, 1),
                      new Tensor("b", Datatype.BF16, new short[] {0x102}, 1)),
                  "0-1"));
      assertThat(answer.get().getParametersOrThrow("record_id").getStringParam()).isEqualTo("0-1");
      assertThat(answer.get().getRawOutputContentsList())
          .containsExactly(
              ByteString.copyFrom(new byte[] {7}), ByteString.copyFrom(new byte[] {2, 1}));
    }
  }

  private static final String INPUT =
      "inputs { name: 'x' datatype: 'INT8' shape: [1] contents { int_contents: 1 } }";
  private static final String OTHER =
      "inputs { name: 'z' datatype: 'INT8' shape: [1] contents { int_contents: 2 } }";

  @Test
  void repeatsTheIdAndGivesTheOutputsThatAreWanted() throws Exception {
    ModelInferResponse all = infer("model_name: 'm' id: 'seven' " + INPUT + OTHER);
    assertThat(all.getId()).isEqualTo("seven");
    assertThat(all.getModelName()).isEqualTo("m");
    assertThat(all.getModelVersion()).isEqualTo("3");
    assertThat(all.getOutputsList()).hasSize(2);
    ModelInferResponse some = infer(INPUT + OTHER + "outputs { name: 'z' }");
    assertThat(some.getId()).isEmpty();
    assertThat(some.getOutputsList()).hasSize(1);
    assertThat(some.getOutputs(0).getContents().getIntContents(0)).isEqualTo(2);
  }

  @Test
  void readsParametersOfEveryKind() throws Exception {
    try (GrpcHarness asked = GrpcHarness.asked()) {
      var answer =
          asked
              .future()
              .modelInfer(
                  message(
                      "model_name: 'm' model_version: '5' "
                          + parameter("a", "bool_param: true")
                          + parameter("b", "int64_param: -1")
                          + parameter("c", "string_param: 'text'")
                          + parameter("d", "double_param: 0.5")
                          + parameter("e", "uint64_param: 2")
                          + parameter("f", "uint64_param: 18446744073709551615")
                          + INPUT));
      GrpcHarness.Asked question = asked.asked.take();
      assertThat(question.version()).isEqualTo("5");
      assertThat(question.request().parameters())
          .containsEntry("a", true)
          .containsEntry("b", -1L)
          .containsEntry("c", "text")
          .containsEntry("d", 0.5)
          .containsEntry("e", 2L)
          .containsEntry("f", "18446744073709551615")
          .hasSize(6);
      question.echo();
      assertThat(answer.get().getModelName()).isEqualTo("m");
    }
  }

  private static String parameter(String name, String value) {
    return "parameters { key: '" + name + "' value { " + value + " } } ";
  }

  private void assertRefused(String request, String sentence) {
    assertThatThrownBy(() -> infer(request))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getDescription()).isEqualTo(sentence);
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            });
  }

  @Test
  void refusesParametersOfAnOutputThatItDoesNotKnow() {
    assertRefused(
        INPUT
            + " outputs { name: 'x' parameters { key: 'classification' value { int64_param: 3 } } }",
        "there is no parameter 'classification' of output 'x'; there is: binary_data");
  }

  @Test
  void saysWhatIsWrong() {
    assertRefused(
        INPUT + " raw_input_contents: 'a'",
        "input 'x' has contents and raw_input_contents; give one of them");
    assertRefused(
        "inputs { name: 'x' datatype: 'INT8' shape: [1] } raw_input_contents: ['a', 'b']",
        "there are 1 inputs but 2 raw_input_contents; give one for each input, or none");
    assertRefused(
        "inputs { name: 'x' datatype: 'FP32' shape: [1] } raw_input_contents: 'abc'",
        "raw_input_contents of 'x' is 3 but FP32 of shape [1] takes 4 bytes");
    assertRefused(
        "inputs { name: 'x' datatype: 'FP32' shape: [2] contents { fp32_contents: 1 } }",
        "data of 'x' has 1 elements but its shape [2] needs 2");
    assertRefused(
        "inputs { name: 'x' datatype: 'FP32' shape: [1] contents { fp64_contents: 1 } }",
        "the elements of 'x' of datatype FP32 must be in fp32_contents and nowhere else");
    assertRefused("inputs { name: 'x' datatype: 'FP32' shape: [1] }", "input 'x' has no data");
    assertRefused("inputs { datatype: 'FP32' shape: [1] }", "input '#0' has no name");
    assertRefused(
        "inputs { name: 'x' datatype: 'INT8' shape: [1] contents { int_contents: 128 } }",
        "element 0 of 'x' is 128 but must be within the range of INT8");
    assertRefused(
        "inputs { name: 'x' datatype: 'UINT16' shape: [1] contents { uint_contents: 65536 } }",
        "element 0 of 'x' is 65536 but must be within the range of UINT16");
    assertRefused(
        "inputs { name: 'x' datatype: 'BOOL' shape: [1] } raw_input_contents: '\\002'",
        "element 0 of 'x' is the byte 2 but a BOOL must be 0 or 1");
    assertRefused(
        "inputs { name: 'x' datatype: 'INT8' shape: [-1] }",
        "dimension 0 of 'x' is -1 but must be a whole number from 0 to 2147483647");
    assertRefused(
        "inputs { name: 'x' datatype: 'INT8' shape: [" + "1,".repeat(16) + "1] }",
        "'x' has more than 16 dimensions");
    assertRefused(
        "inputs { name: 'x' datatype: 'FP8' shape: [1] }",
        "datatype of 'x' is FP8 but must be one of [BOOL, UINT8, UINT16, UINT32, UINT64, INT8,"
            + " INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES]");
    assertRefused(INPUT + "outputs { }", "output 0 has no name");
    assertRefused(
        INPUT + "outputs { name: 'x' } outputs { name: 'x' }", "output 'x' is asked for twice");
    assertRefused(
        INPUT + "parameters { key: 'seed' value { } }",
        "parameter 'seed' of the request has no value but must be a string, a number, true or"
            + " false");
  }
}
