package org.mobula.tune.storage;

import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;

/** Parameters as Optuna writes its distributions: a text that is JSON itself, without the name. */
final class Distributions {
  private record Written(String name, String text) {}

  // Nearly all trials of a study have the same few.
  private final Map<Written, Parameter> read = new HashMap<>();
  private final Map<Parameter, String> written = new HashMap<>();

  String text(Parameter parameter) {
    return written.computeIfAbsent(parameter, Distributions::write);
  }

  /**
   * The parameter of that name.
   *
   * @throws IllegalArgumentException if the text is no distribution
   */
  Parameter parameter(String name, String text) {
    return read.computeIfAbsent(new Written(name, text), Distributions::parse);
  }

  private static String write(Parameter parameter) {
    if (parameter instanceof FloatParameter number) {
      return "{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": %s, \"low\": %s, \"high\": %s, \"log\": %s}}"
          .formatted(
              number.step() == 0 ? "null" : Json.text(number.step()),
              Json.text(number.low()),
              Json.text(number.high()),
              number.log());
    } else if (parameter instanceof IntParameter number) {
      return "{\"name\": \"IntDistribution\", \"attributes\": {\"log\": %s, \"step\": %s, \"low\": %s, \"high\": %s}}"
          .formatted(number.log(), number.step(), number.low(), number.high());
    }
    List<String> choices =
        ((CategoricalParameter) parameter).choices().stream().map(Json::text).toList();
    return "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [%s]}}"
        .formatted(String.join(", ", choices));
  }

  private static Parameter parse(Written written) {
    try {
      Fields distribution = new Fields(Json.object(written.text));
      Fields attributes = distribution.fields("attributes");
      String kind = distribution.text("name");
      return switch (kind) {
        case "FloatDistribution" -> {
          Double step = attributes.optionalNumber("step");
          yield new FloatParameter(
              written.name,
              attributes.number("low"),
              attributes.number("high"),
              attributes.isTrue("log"),
              step == null ? 0 : step);
        }
        case "IntDistribution" -> integer(written.name, attributes);
        case "CategoricalDistribution" ->
            new CategoricalParameter(written.name, choices(attributes.list("choices")));
        default ->
            throw new IllegalArgumentException(
                "%s has a distribution of the unknown kind %s".formatted(written.name, kind));
      };
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "the distribution of %s is no JSON: %s".formatted(written.name, written.text), e);
    }
  }

  /** Python's integers have no end: those that a double does not hold exactly become numbers. */
  private static Parameter integer(String name, Fields attributes) {
    double low = attributes.number("low");
    double high = attributes.number("high");
    return Math.max(Math.abs(low), Math.abs(high)) > IntParameter.MOST
        ? new FloatParameter(name, low, high, attributes.isTrue("log"), 0)
        : new IntParameter(
            name,
            attributes.integer("low"),
            attributes.integer("high"),
            attributes.isTrue("log"),
            attributes.integer("step"));
  }

  /** Python allows what a parameter of ours does not, first of all None: it becomes its text. */
  private static List<Object> choices(List<?> given) {
    List<Object> choices = new ArrayList<>();
    for (@Nullable Object choice : given) {
      choices.add(
          choice == null
                  || choice instanceof List
                  || choice instanceof Map
                  || choice instanceof BigInteger
              ? Json.text(choice)
              : choice);
    }
    return choices;
  }
}
