package org.mobula.core.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.mobula.core.config.Examples.Run;

class JsonSchemaTest {
  private static JsonNode schema() {
    try {
      return new ObjectMapper().readTree(JsonSchema.of(Run.class, Examples.ALTERNATIVES));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  private static void assertJson(JsonNode node, String expected) {
    try {
      assertThat(node).isEqualTo(new ObjectMapper().readTree(expected));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void describesTheWholeFile() {
    JsonNode schema = schema();

    assertThat(schema.path("$schema").asText())
        .isEqualTo("https://json-schema.org/draft/2020-12/schema");
    assertThat(schema.path("description").asText()).isEqualTo("One training run");
    assertJson(schema.path("required"), "[\"environment\"]");
    assertJson(schema.path("additionalProperties"), "false");
  }

  @Test
  void givesTypesRangesAndDefaults() {
    JsonNode properties = schema().path("properties");

    assertJson(
        properties.path("environment"),
        """
        {"type": "object",
         "properties": {
           "name": {"type": "string", "minLength": 1},
           "count": {"type": "integer", "minimum": 1, "default": 8},
           "options": {"type": "object", "additionalProperties": {}, "default": {}}},
         "required": ["name"],
         "additionalProperties": false}
        """);
    assertJson(
        properties.path("total-steps"),
        """
        {"type": "integer", "minimum": 1, "default": 100000,
         "description": "Environment steps in all"}
        """);
    assertJson(
        properties.path("time-limit"),
        """
        {"anyOf": [
           {"type": "string", "pattern": "^(\\\\d+d)?(\\\\d+h)?(\\\\d+m)?(\\\\d+s)?(\\\\d+ms)?$"},
           {"type": "null"}],
         "description": "Wall time after which to stop", "default": null}
        """);
    JsonNode ppo = properties.at("/algorithm/anyOf/1/properties/ppo/properties");
    assertJson(
        ppo.path("activation"),
        """
        {"type": "string", "enum": ["tanh", "relu", "leaky-relu"], "default": "tanh"}
        """);
    assertJson(
        ppo.path("hidden"),
        """
        {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1,
         "default": [64, 64]}
        """);
  }

  @Test
  void alternativesAreExactlyOneKey() {
    JsonNode algorithm = schema().at("/properties/algorithm/anyOf/1");

    assertThat(algorithm.path("properties").fieldNames())
        .toIterable()
        .containsExactly("dqn", "ppo");
    assertJson(algorithm.path("minProperties"), "1");
    assertJson(algorithm.path("maxProperties"), "1");
    assertJson(algorithm.path("additionalProperties"), "false");
  }

  @Test
  void aShorthandIsAllowedBesideTheAlternatives() {
    JsonNode either =
        schema().at("/properties/algorithm/anyOf/1/properties/ppo/properties/learning-rate/anyOf");

    assertJson(either.get(0), "{\"type\": \"number\"}");
    assertThat(either.get(1).path("properties").fieldNames())
        .toIterable()
        .containsExactly("constant", "linear");
  }
}
