package org.mobula.serve.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Sequence;
import org.mobula.serve.model.Tensor;

final class ActProtocolTest {
  private static ActRequest read(String json) {
    return ActRequest.read(ByteBuffer.wrap(json.getBytes(UTF_8)), 2, 0);
  }

  private static ActRequest masked(String json) {
    return ActRequest.read(ByteBuffer.wrap(json.getBytes(UTF_8)), 2, 3);
  }

  @Test
  void readsMasks() {
    assertThat(masked("{\"mask\":[true,false,true],\"observation\":[1,2]}").masks())
        .containsExactly(1, 0, 1);
    assertThat(
            masked(
                    "{\"observations\":[[1,2],[3,4]],\"masks\":[[true,false,true],[false,false,true]]}")
                .masks())
        .containsExactly(1, 0, 1, 0, 0, 1);
    assertThat(read("{\"observation\":[1,2]}").masks()).isNull();
    assertThatThrownBy(() -> read("{\"observation\":[1,2],\"mask\":[true]}"))
        .hasMessage("mask is given but the policy was trained without action masks; leave it out");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"observation\":[1,2]}|mask is missing: the policy was trained with action masks; give 3 flags, true where the choice is allowed",
        "{\"observations\":[[1,2]]}|masks are missing: the policy was trained with action masks; give 3 flags for each observation, true where the choice is allowed",
        "{\"observation\":[1,2],\"mask\":[true]}|mask has 1 flags but must have 3",
        "{\"observations\":[1,2],\"masks\":[true]}|masks have 1 flags but must have 3 for each of 1 observations",
        "{\"observation\":[1,2],\"masks\":[[true,true,true]]}|masks is given but beside observation it must be mask",
        "{\"observation\":[1,2],\"mask\":[1,0,1]}|element 0 of 'mask' is 1 but must be true or false",
        "{\"observation\":[1,2],\"mask\":true}|mask is true but must be an array",
        "{\"mask\":[true],\"mask\":[true]}|masks are given twice",
      })
  void saysWhatIsWrongWithAMask(String body, String message) {
    assertThatThrownBy(() -> masked(body))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(message);
  }

  @Test
  void readsOneObservationOrMany() {
    ActRequest one = read("{\"observation\":[1,2.5]}");
    assertThat(one.observations()).containsExactly(1, 2.5f);
    assertThat(one.single()).isTrue();
    assertThat(one.parameters()).isEmpty();
    ActRequest many =
        read(
            "{\"seed\":-3,\"observations\":[[1,2],[3,4],[5,6]],\"deterministic\":false,\"session\":\"s\"}");
    assertThat(many.observations()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(many.rows()).isEqualTo(3);
    assertThat(many.single()).isFalse();
    assertThat(many.parameters()).isEqualTo(Map.of("seed", -3L, "deterministic", false));
    assertThat(many.sequence()).isEqualTo(new Sequence("s", null, false));
  }

  @Test
  void readsWhereARequestStandsInItsSession() {
    assertThat(read("{\"session\":{\"id\":\"s\",\"start\":true},\"observation\":[1,2]}").sequence())
        .isEqualTo(new Sequence("s", true, false));
    assertThat(
            read("{\"observation\":[1,2],\"session\":{\"end\":true,\"start\":false,\"id\":\"s\"}}")
                .sequence())
        .isEqualTo(new Sequence("s", false, true));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|observation is missing",
        "{\"observation\":[1]}|observation has 1 numbers but must have 2",
        "{\"observation\":[[1,2],[3,4]]}|observation has 4 numbers but must have 2",
        "{\"observations\":[]}|observations have 0 numbers but must have 2 each",
        "{\"observations\":[[1,2],[3]]}|observations have 3 numbers but must have 2 each",
        "{\"observation\":[1,\"x\"]}|element 1 of 'observation' is \"x\" but must be a number",
        "{\"observation\":5}|observation is 5 but must be an array",
        "{\"observation\":[1,2],\"observations\":[1,2]}|observations are given twice",
        "{\"observation\":[1,2],\"seed\":1.5}|seed is 1.5 but must be a whole number of 64 bits",
        "{\"deterministic\":0}|deterministic is 0 but must be true or false",
        "{\"session\":3}|session is 3 but must be its name, or an object with id, start, end",
        "{\"session\":{\"start\":true}}|session.id is missing",
        "{\"session\":{\"id\":3}}|session.id is 3 but must be a string",
        "{\"session\":{\"id\":\"s\",\"end\":1}}|session.end is 1 but must be true or false",
        "{\"session\":{\"id\":\"s\",\"starts\":true}}|there is no field 'session.starts'; did you mean 'session.start'?",
        "{\"obervation\":[1,2]}|there is no field 'obervation'; did you mean 'observation'?",
      })
  void saysWhatIsWrong(String body, String message) {
    assertThatThrownBy(() -> read(body))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(message);
  }

  @Test
  void answersInTheFormOfTheQuestion() {
    Tensor choice = new Tensor("action", Datatype.INT64, new long[] {1}, 1);
    Tensor value = Tensor.of("value", new float[] {0.5f}, 1);
    assertThat(text(ActResponse.write(List.of(choice, value), true, "7", null)))
        .isEqualTo("{\"action\":1,\"value\":0.5,\"version\":\"7\"}");
    Tensor move = Tensor.of("action", new float[] {1, 2, 3, 4}, 2, 2);
    Tensor values = Tensor.of("value", new float[] {0.5f, 1}, 2);
    assertThat(text(ActResponse.write(List.of(move, values), false, "7", null)))
        .isEqualTo("{\"actions\":[[1.0,2.0],[3.0,4.0]],\"value\":[0.5,1.0],\"version\":\"7\"}");
    Tensor lost = Tensor.of("value", new float[] {Float.POSITIVE_INFINITY}, 1);
    assertThatThrownBy(() -> ActResponse.write(List.of(choice, lost), true, "7", null))
        .hasMessage(
            "the policy's value is Infinity: the observation is too far from what it was trained"
                + " on");
  }

  private static String text(ByteBuffer bytes) {
    return UTF_8.decode(bytes).toString();
  }
}
