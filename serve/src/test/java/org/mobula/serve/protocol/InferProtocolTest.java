package org.mobula.serve.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.random.Pcg64;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.InvalidInputException;
import org.mobula.serve.model.Tensor;

final class InferProtocolTest {
  private static InferRequest read(String json) {
    return InferRequestReader.read(ByteBuffer.wrap(json.getBytes(UTF_8)), Optional.empty());
  }

  private static Tensor input(String fields) {
    return read("{\"inputs\":[{" + fields + "}]}").inputs().get(0);
  }

  private static InferRequest readBinary(String json, int... bytes) {
    byte[] head = json.getBytes(UTF_8);
    ByteBuffer body = ByteBuffer.allocateDirect(3 + head.length + bytes.length);
    body.position(3).put(head);
    for (int b : bytes) {
      body.put((byte) b);
    }
    body.flip().position(3);
    return InferRequestReader.read(
        body.asReadOnlyBuffer(), Optional.of(String.valueOf(head.length)));
  }

  private static String write(InferRequest request, Tensor... outputs) {
    InferResponseWriter.Encoded encoded =
        InferResponseWriter.write("m", "3", request, List.of(outputs), null);
    assertThat(encoded.jsonLength()).isEqualTo(-1);
    return UTF_8.decode(encoded.parts().get(0)).toString();
  }

  @Test
  void readsAWholeRequest() {
    InferRequest request =
        read(
            """
            {"id": "a7", "unknown": {"x": [1, {}]}, "parameters": {"seed": 3, "x": "y", "f": 0.5, "b": true},
             "inputs": [{"name": "observation", "shape": [2, 2], "datatype": "FP32",
                         "parameters": {"note": "n"}, "data": [[1, -2.5], [3e2, 4]]}],
             "outputs": [{"name": "action"}, {"name": "value", "parameters": {"binary_data": true}}]}
            """);
    assertThat(request.id()).isEqualTo("a7");
    assertThat(request.parameters()).isEqualTo(Map.of("seed", 3L, "x", "y", "f", 0.5, "b", true));
    assertThat(request.inputs().get(0).floats()).containsExactly(1, -2.5f, 300, 4);
    assertThat(request.inputs().get(0).shape()).containsExactly(2, 2);
    assertThat(request.outputs())
        .containsExactly(
            new InferRequest.Output("action", null), new InferRequest.Output("value", true));
    assertThat(request.binaryOutput()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"data\":[1,2,3,4],\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[2,2]",
        "\"data\":[[1,2],[3,4]],\"name\":\"é\",\"datatype\":\"FP32\",\"shape\":[2,2]",
        "\"name\":\"€\",\"datatype\":\"FP32\",\"data\":[[1,2],[3,4]],\"shape\":[2,2]",
        "\"shape\":[2,2],\"data\":[ 1 , 2,3,4.0e0],\"name\":\"x\",\"datatype\":\"FP32\""
      })
  void fieldsMayComeInAnyOrder(String fields) {
    assertThat(input(fields).floats()).containsExactly(1, 2, 3, 4);
  }

  @Test
  void readsEachDatatypeThatHasAJsonForm() {
    assertElements("BOOL", "true,false", new byte[] {1, 0});
    assertElements("UINT8", "0,255", new byte[] {0, -1});
    assertElements("INT8", "-128,127", new byte[] {-128, 127});
    assertElements("UINT16", "0,65535", new short[] {0, -1});
    assertElements("INT16", "-32768,32767", new short[] {-32768, 32767});
    assertElements("UINT32", "0,4294967295", new int[] {0, -1});
    assertElements("INT32", "-2147483648,2147483647", new int[] {-2147483648, 2147483647});
    assertElements("UINT64", "9223372036854775808,18446744073709551615", new long[] {1L << 63, -1});
    assertElements(
        "INT64",
        "-9223372036854775808,9007199254740993",
        new long[] {Long.MIN_VALUE, 9007199254740993L});
    assertElements("FP64", "0.1,-1e308", new double[] {0.1, -1e308});
    assertElements("FP32", "0.1,1e-50", new float[] {0.1f, 0});
    assertElements("BYTES", "\"é\",\"\"", new byte[][] {"é".getBytes(UTF_8), {}});
  }

  private static void assertElements(String datatype, String elements, Object expected) {
    String json = "\"name\":\"x\",\"shape\":[2],\"datatype\":\"" + datatype + "\",\"data\":[";
    Tensor tensor = input(json + elements + "]");
    assertThat(tensor.data()).isEqualTo(expected);
    // And back.
    String written = write(new InferRequest(null, Map.of(), List.of(), List.of(), false), tensor);
    String data = written.replaceAll(".*\"data\":\\[(.*)]}]}", "$1");
    assertThat(input(json + data + "]").data()).isEqualTo(expected);
    // And as raw bytes.
    ByteBuffer raw = RawElements.write(tensor);
    int[] bytes = new int[raw.remaining()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = raw.get(i);
    }
    InferRequest binary =
        readBinary(
            "{\"inputs\":[{\"name\":\"x\",\"shape\":[2],\"datatype\":\"%s\",\"parameters\":{\"binary_data_size\":%s}}]}"
                .formatted(datatype, bytes.length),
            bytes);
    assertThat(binary.inputs().get(0).data()).isEqualTo(expected);
  }

  @Test
  void rawTensorsFollowTheJsonInTheOrderOfTheInputs() {
    InferRequest request =
        readBinary(
            """
            {"parameters": {"binary_data_output": true}, "inputs": [
             {"name": "a", "shape": [1, 1], "datatype": "FP32", "parameters": {"binary_data_size": 4}},
             {"name": "b", "shape": [1], "datatype": "INT8", "data": [5]},
             {"name": "c", "shape": [2], "datatype": "FP16", "parameters": {"binary_data_size": 4}}]}""",
            0,
            0,
            0x80,
            0x3f,
            1,
            2,
            3,
            4);
    assertThat(request.binaryOutput()).isTrue();
    assertThat(request.parameters()).isEmpty();
    assertThat(request.inputs().get(0).floats()).containsExactly(1);
    assertThat(request.inputs().get(2).data()).isEqualTo(new short[] {0x0201, 0x0403});
  }

  @Test
  void writesWhatIsAskedFor() {
    Tensor action = new Tensor("action", Datatype.INT64, new long[] {1, 0}, 2);
    Tensor value = Tensor.of("value", new float[] {0.1f, -3}, 2);
    assertThat(write(read("{\"id\":\"q\\\"\",\"inputs\":[]}"), action, value))
        .isEqualTo(
            "{\"model_name\":\"m\",\"model_version\":\"3\",\"id\":\"q\\\"\",\"outputs\":["
                + "{\"name\":\"action\",\"datatype\":\"INT64\",\"shape\":[2],\"data\":[1,0]},"
                + "{\"name\":\"value\",\"datatype\":\"FP32\",\"shape\":[2],\"data\":[0.1,-3.0]}]}");
    InferRequest some =
        read(
            "{\"inputs\":[],\"outputs\":[{\"name\":\"value\",\"parameters\":{\"binary_data\":true}},"
                + "{\"name\":\"action\"}]}");
    InferResponseWriter.Encoded encoded =
        InferResponseWriter.write("m", "3", some, List.of(action, value), null);
    assertThat(UTF_8.decode(encoded.parts().get(0).duplicate()).toString())
        .isEqualTo(
            "{\"model_name\":\"m\",\"model_version\":\"3\",\"outputs\":["
                + "{\"name\":\"value\",\"datatype\":\"FP32\",\"shape\":[2],\"parameters\":{\"binary_data_size\":8}},"
                + "{\"name\":\"action\",\"datatype\":\"INT64\",\"shape\":[2],\"data\":[1,0]}]}");
    assertThat(encoded.jsonLength()).isEqualTo(encoded.parts().get(0).remaining());
    assertThat(encoded.parts().get(1))
        .isEqualTo(ByteBuffer.wrap(new byte[] {-51, -52, -52, 61, 0, 0, 64, -64}));
  }

  @Test
  void jsonCannotSayWhatIsNotFinite() {
    assertRefused(
        () -> write(read("{\"inputs\":[]}"), Tensor.of("v", new float[] {Float.NaN}, 1)),
        "output 'v' holds a number that is not finite, which JSON cannot say; ask for it with"
            + " binary_data, or check the input");
    assertRefused(
        () -> write(read("{\"inputs\":[]}"), new Tensor("h", Datatype.FP16, new short[1], 1)),
        "output 'h' is of datatype FP16, which has no JSON form; ask for it with binary_data");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[1,2,3]|data of 'x' has 3 elements but its shape [2, 2] needs 4",
        "[1,2,3,4,5]|data of 'x' has 5 elements but its shape [2, 2] needs 4",
        "[[1,2,3],[4]]|data of 'x' must be flat or nested as its shape [2, 2] says",
        "[[1,2],3,4]|data of 'x' must be flat or nested as its shape [2, 2] says",
        "[1,2,[3,4]]|data of 'x' must be flat or nested as its shape [2, 2] says",
        "[[[1,2],[3,4]]]|data of 'x' must be flat or nested as its shape [2, 2] says",
        "[[1,2],[3,4],[5,6]]|data of 'x' must be flat or nested as its shape [2, 2] says",
        "[1,2,3,\"4\"]|element 3 of 'x' is \"4\" but must be a number",
        "[1,2,null,4]|element 2 of 'x' is null but must be a number",
        "[1,{},3,4]|element 1 of 'x' is an object but must be a number",
        "[1,1e39,3,4]|element 1 of 'x' is 1e39 but must be a number within the range of FP32",
        "{}|data of 'x' is an object but must be an array",
        "7|data of 'x' is 7 but must be an array",
      })
  void saysWhatIsWrongWithData(String data, String message) {
    String before = "\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[2,2],\"data\":" + data;
    assertRefused(() -> input(before), message);
    String after = "\"data\":" + data + ",\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[2,2]";
    assertRefused(() -> input(after), message.replace("data of 'x' is", "data of '#0' is"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "INT8|128|element 0 of 'x' is 128 but must be within the range of INT8",
        "UINT8|-1|element 0 of 'x' is -1 but must be within the range of UINT8",
        "INT32|2147483648|element 0 of 'x' is 2147483648 but must be within the range of INT32",
        "INT64|9223372036854775808|element 0 of 'x' is 9223372036854775808 but must be within the range of INT64",
        "UINT64|18446744073709551616|element 0 of 'x' is 18446744073709551616 but must be within the range of UINT64",
        "INT64|1.0|element 0 of 'x' is 1.0 but must be a whole number",
        "BOOL|1|element 0 of 'x' is 1 but must be true or false",
        "FP64|1e309|element 0 of 'x' is 1e309 but must be a number within the range of FP64",
        "FP16|1|'x' is of datatype FP16, which has no JSON form; send it as binary data",
        "BYTES|1|element 0 of 'x' is 1 but must be a string",
        "fp32|1|datatype of 'x' is fp32 but must be one of [BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES]",
      })
  void saysWhatIsWrongWithElements(String datatype, String element, String message) {
    assertRefused(
        () ->
            input(
                "\"name\":\"x\",\"datatype\":\"%s\",\"shape\":[1],\"data\":[%s]"
                    .formatted(datatype, element)),
        message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``|the body is empty but must be a JSON object",
        "[]|the body is an array but must be a JSON object",
        "3|the body is a number but must be a JSON object",
        "{}|inputs is missing",
        "{\"inputs\":3}|inputs is 3 but must be an array",
        "{\"inputs\":[3]}|input 0 is 3 but must be an object",
        "{\"inputs\":[]} x|the body is not JSON (line 1, column 15): Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
        "{\"inputs\":[]}{}|the body goes on after its JSON object",
        "{\"inputs\":[],\"inputs\":[]}|inputs is given twice",
        "{\"inputs\":[{}]}|input '#0' has no name",
        "{\"inputs\":[{\"name\":\"x\"}]}|input 'x' has no datatype",
        "{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\"}]}|input 'x' has no shape",
        "{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1]}]}|input 'x' has no data",
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[-1]}]}|dimension 0 of 'x' is -1 but must be a whole number from 0 to 2147483647",
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[1e3]}]}|dimension 0 of 'x' is 1e3 but must be a whole number from 0 to 2147483647",
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}]}|'x' has more than 16 dimensions",
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[2147483647,2147483647],\"datatype\":\"FP32\",\"data\":[1]}]}|data of 'x' has 1 elements but its shape [2147483647, 2147483647] needs more than 2^31",
        "{\"inputs\":[],\"id\":3}|id is 3 but must be a string",
        "{\"inputs\":[],\"parameters\":{\"a\":[]}}|parameter 'a' of the request is an array but must be a string, a number, true or false",
        "{\"inputs\":[],\"parameters\":{\"binary_data_output\":1}}|parameter 'binary_data_output' is 1 but must be true or false",
        "{\"inputs\":[],\"outputs\":[{}]}|output 0 has no name",
        "{\"inputs\":[],\"outputs\":[{\"name\":\"a\",\"parameters\":{\"classification\":3}}]}|there is no parameter 'classification' of output 'a'; there is: binary_data",
        "{\"inputs\":[],\"outputs\":[{\"name\":\"a\",\"parameters\":{\"binary_data\":3}}]}|parameter 'binary_data' is 3 but must be true or false",
        "{\"inputs\":[],\"outputs\":[{\"name\":\"a\"},{\"name\":\"a\"}]}|output 'a' is asked for twice",
        "{\"inputs\":[{\"name\":\"x\",\"data\":[NaN]}]}|the body is not JSON (line 1, column 35): Non-standard token 'NaN'",
        "{\"inputs\":[|the body is not JSON (line 1, column 12): Unexpected end-of-input: expected close marker for Array",
      })
  void saysWhatIsWrongWithTheBody(String body, String message) {
    assertRefused(() -> read(body), message);
  }

  @Test
  void refusesWhatWouldCostTooMuch() {
    assertRefused(
        () -> read("{\"x\":" + "[".repeat(5000) + "}"),
        "the body is not JSON: it is nested more than 32 deep");
    assertThatThrownBy(() -> read("{\"inputs\":[],\"x\":" + "9".repeat(5000) + "}"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageEndingWith("a number is longer than 400 characters");
  }

  @Test
  void refusesWhatIsNotUtf8() {
    byte[] body = "{\"id\":\"??\",\"inputs\":[]}".getBytes(UTF_8);
    body[7] = (byte) 0xc3;
    assertThatThrownBy(() -> InferRequestReader.read(ByteBuffer.wrap(body), Optional.empty()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("it holds bytes that are not UTF-8");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "x", "9999", "99999999999999"})
  void refusesAWrongBinaryHeader(String length) {
    assertRefused(
        () ->
            InferRequestReader.read(
                ByteBuffer.wrap("{\"inputs\":[]}".getBytes(UTF_8)), Optional.of(length)),
        "the header Inference-Header-Content-Length is "
            + length
            + " but must be a number of bytes from 0 to 13, the length of the body");
  }

  @Test
  void saysWhatIsWrongWithBinaryData() {
    String form =
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[2],\"datatype\":\"%s\",\"parameters\":{\"binary_data_size\":%s}%s}]}";
    assertRefused(
        () -> readBinary(form.formatted("FP32", "4", ""), 0, 0, 0, 0),
        "binary_data_size of 'x' is 4 but FP32 of shape [2] takes 8 bytes");
    assertRefused(
        () -> readBinary(form.formatted("FP32", "8", ""), 0, 0, 0, 0),
        "binary_data_size of 'x' is 8 but must be a number of bytes from 0 to the 4 that are left of the body");
    assertRefused(
        () -> readBinary(form.formatted("INT8", "2", ""), 0, 0, 0, 0),
        "the body has 2 bytes after the binary data that its inputs announce");
    assertRefused(
        () -> readBinary(form.formatted("INT8", "2", ",\"data\":[1,2]"), 0, 0),
        "input 'x' has data and binary_data_size; give one of them");
    assertRefused(
        () -> read(form.formatted("INT8", "2", "")),
        "input 'x' has binary_data_size but the request has no header Inference-Header-Content-Length");
    assertRefused(
        () -> readBinary(form.formatted("BOOL", "2", ""), 0, 2),
        "element 1 of 'x' is the byte 2 but a BOOL must be 0 or 1");
    assertRefused(
        () -> readBinary(form.formatted("BYTES", "8", ""), 1, 0, 0, 0, 65, 9, 0, 0),
        "binary data of 'x' ends within its element 1");
    assertRefused(
        () -> readBinary(form.formatted("BYTES", "8", ""), 255, 255, 255, 255, 0, 0, 0, 0),
        "binary data of 'x' ends within its element 0");
    assertRefused(
        () -> readBinary(form.formatted("BYTES", "9", ""), 0, 0, 0, 0, 0, 0, 0, 0, 7),
        "binary data of 'x' has 1 bytes after its 2 elements");
  }

  /** Whatever comes, the answer is a request or a sentence. */
  @Test
  void survivesMutatedBodies() {
    byte[] json =
        ("{\"id\":\"a\",\"parameters\":{\"seed\":3},\"inputs\":[{\"name\":\"x\",\"shape\":[1,2],\"datatype\":\"FP32\","
                + "\"data\":[[1.5,-2e3]]},{\"name\":\"y\",\"shape\":[2],\"datatype\":\"BYTES\",\"parameters\":{\"binary_data_size\":10}}],"
                + "\"outputs\":[{\"name\":\"x\"}]}")
            .getBytes(UTF_8);
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.writeBytes(json);
    whole.writeBytes(new byte[] {1, 0, 0, 0, 65, 1, 0, 0, 0, 66});
    Pcg64 random = new Pcg64(5);
    int good = 0;
    for (int i = 0; i < 100_000; i++) {
      byte[] body = whole.toByteArray();
      int changes = 1 + random.nextInt(3);
      for (int c = 0; c < changes; c++) {
        body[random.nextInt(body.length)] =
            random.nextBoolean() ? (byte) random.nextInt(256) : body[random.nextInt(body.length)];
      }
      try {
        InferRequestReader.read(ByteBuffer.wrap(body), Optional.of("" + json.length));
        good++;
      } catch (InvalidRequestException e) {
        assertThat(e.getMessage())
            .doesNotContain("Exception")
            .doesNotContain("Feature")
            .doesNotContain("REDACTED");
      }
    }
    assertThat(good).isGreaterThan(1000);
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
    assertThatThrownBy(call)
        .isInstanceOfAny(InvalidRequestException.class, InvalidInputException.class)
        .hasMessage(message);
  }
}
