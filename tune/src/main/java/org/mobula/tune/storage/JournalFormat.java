package org.mobula.tune.storage;

import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.util.AbstractMap.SimpleEntry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Parameter;

/** Operations as lines of JSON, field by field as Optuna 5.0.0 writes and reads them. */
final class JournalFormat {
  /**
   * A line of the journal.
   *
   * @param worker who wrote it
   * @param omissions why parts of the line are not in the operation, for a person to read
   */
  record Line(String worker, Operation operation, List<String> omissions) {
    Line(String worker, Operation operation) {
      this(worker, operation, List.of());
    }
  }

  private static final List<Class<? extends Operation>> CODES =
      List.of(
          Operation.CreateStudy.class,
          Operation.DeleteStudy.class,
          Operation.SetStudyUserAttribute.class,
          Operation.SetStudySystemAttribute.class,
          Operation.CreateTrial.class,
          Operation.SetParameter.class,
          Operation.SetState.class,
          Operation.SetIntermediateValue.class,
          Operation.SetTrialUserAttribute.class,
          Operation.SetTrialSystemAttribute.class,
          Operation.DiscardTrials.class);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSxxx", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  private static final List<TrialState> STATES = List.of(TrialState.values());

  private final Distributions distributions = new Distributions();
  private final List<String> omissions = new ArrayList<>();

  /**
   * Reads a line. A part that this program cannot read is left out where the operation is of use
   * without it: above all, a trial has to be counted, or all later ids would be those of others.
   *
   * @throws IOException if it is not JSON
   * @throws IllegalArgumentException if it is JSON but no operation
   */
  Line parse(byte[] bytes, int begin, int length) throws IOException {
    omissions.clear();
    Fields fields = new Fields(Json.object(bytes, begin, length));
    return new Line(fields.text("worker_id"), operation(fields), List.copyOf(omissions));
  }

  /** What can be read, or else nothing, with the reason kept. */
  private <T> T orElse(T nothing, Supplier<T> part) {
    T read = orNull(part);
    return read == null ? nothing : read;
  }

  private <T> @Nullable T orNull(Supplier<? extends @Nullable T> part) {
    try {
      return part.get();
    } catch (IllegalArgumentException e) {
      omissions.add(String.valueOf(e.getMessage()));
      return null;
    }
  }

  /** The line with its end. */
  byte[] bytes(Line written) {
    byte[] json = Json.bytes(fields(written));
    byte[] line = Arrays.copyOf(json, json.length + 1);
    line[json.length] = '\n';
    return line;
  }

  private Operation operation(Fields fields) {
    int code = fields.id("op_code");
    return switch (code) {
      case 0 ->
          new Operation.CreateStudy(
              fields.text("study_name"),
              fields.numbers("directions").stream().map(JournalFormat::direction).toList());
      case 1 -> new Operation.DeleteStudy(fields.id("study_id"));
      case 2 -> {
        Map.Entry<String, @Nullable Object> set = attribute(fields.fields("user_attr"));
        yield new Operation.SetStudyUserAttribute(
            fields.id("study_id"), set.getKey(), set.getValue());
      }
      case 3 -> {
        Map.Entry<String, @Nullable Object> set = attribute(fields.fields("system_attr"));
        yield new Operation.SetStudySystemAttribute(
            fields.id("study_id"), set.getKey(), set.getValue());
      }
      case 4 -> createTrial(fields);
      case 5 -> {
        Parameter parameter =
            distributions.parameter(fields.text("param_name"), fields.text("distribution"));
        yield new Operation.SetParameter(
            fields.id("trial_id"),
            parameter,
            held(parameter, fields.number("param_value_internal")));
      }
      case 6 ->
          new Operation.SetState(
              fields.id("trial_id"),
              state(fields),
              orNull(() -> fields.has("values") ? fields.numbers("values") : null),
              timeOrNull(fields, "datetime_start"),
              timeOrNull(fields, "datetime_complete"));
      case 7 ->
          new Operation.SetIntermediateValue(
              fields.id("trial_id"), fields.integer("step"), fields.number("intermediate_value"));
      case 8 -> {
        Map.Entry<String, @Nullable Object> set = attribute(fields.fields("user_attr"));
        yield new Operation.SetTrialUserAttribute(
            fields.id("trial_id"), set.getKey(), set.getValue());
      }
      case 9 -> {
        Map.Entry<String, @Nullable Object> set = attribute(fields.fields("system_attr"));
        yield new Operation.SetTrialSystemAttribute(
            fields.id("trial_id"), set.getKey(), set.getValue());
      }
      case 10 -> new Operation.DiscardTrials();
      default ->
          throw new IllegalArgumentException(
              "op_code is %s but must be 0 to 10: a newer program wrote this".formatted(code));
    };
  }

  private Operation.CreateTrial createTrial(Fields fields) {
    Map<String, Parameter> kinds = new LinkedHashMap<>();
    Map<String, Double> parameters = new LinkedHashMap<>();
    Map<Long, Double> intermediateValues = new LinkedHashMap<>();
    Fields texts = new Fields(attributes(fields, "distributions"));
    Fields numbers = new Fields(attributes(fields, "params"));
    for (Object each : texts.values().keySet()) {
      String name = (String) each;
      orElse(
          false,
          () -> {
            Parameter parameter = distributions.parameter(name, texts.text(name));
            double number = held(parameter, numbers.number(name));
            kinds.put(name, parameter);
            parameters.put(name, number);
            return true;
          });
    }
    Fields reports = new Fields(attributes(fields, "intermediate_values"));
    for (Object step : reports.values().keySet()) {
      orElse(
          false,
          () -> {
            intermediateValues.put(step((String) step), reports.number((String) step));
            return true;
          });
    }
    return new Operation.CreateTrial(
        fields.id("study_id"),
        orElse(TrialState.FAIL, () -> fields.has("state") ? state(fields) : TrialState.RUNNING),
        orElse(
            List.of(),
            () -> fields.has("value") ? List.of(fields.number("value")) : fields.numbers("values")),
        parameters,
        kinds,
        intermediateValues,
        attributes(fields, "user_attrs"),
        attributes(fields, "system_attrs"),
        timeOrNull(fields, "datetime_start"),
        timeOrNull(fields, "datetime_complete"));
  }

  private Map<String, Object> attributes(Fields fields, String name) {
    return orElse(Map.of(), () -> fields.attributes(name));
  }

  private static long step(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "an intermediate value has the step %s but it must be an integer".formatted(text), e);
    }
  }

  /**
   * A number outside the range may well be one that somebody has asked for; but a choice is known
   * by its index.
   */
  private static double held(Parameter parameter, double internal) {
    if (!Double.isFinite(internal)
        || (parameter instanceof CategoricalParameter && !parameter.contains(internal))) {
      throw new IllegalArgumentException(
          "%s is %s but must be the number of a value of %s"
              .formatted(parameter.name(), internal, parameter));
    }
    return internal;
  }

  private Map<String, @Nullable Object> fields(Line written) {
    Operation operation = written.operation();
    Map<String, @Nullable Object> line = new LinkedHashMap<>();
    line.put("op_code", CODES.indexOf(operation.getClass()));
    line.put("worker_id", written.worker());
    if (operation instanceof Operation.OfStudy change) {
      line.put("study_id", change.study());
    } else if (operation instanceof Operation.OfTrial change) {
      line.put("trial_id", change.trial());
    }
    if (operation instanceof Operation.CreateStudy create) {
      line.put("study_name", create.name());
      line.put(
          "directions",
          create.directions().stream().map(one -> one == Direction.MINIMIZE ? 1 : 2).toList());
    } else if (operation instanceof Operation.SetStudyUserAttribute set) {
      line.put("user_attr", entry(set.key(), set.value()));
    } else if (operation instanceof Operation.SetStudySystemAttribute set) {
      line.put("system_attr", entry(set.key(), set.value()));
    } else if (operation instanceof Operation.CreateTrial create) {
      put(line, create);
    } else if (operation instanceof Operation.SetParameter set) {
      line.put("param_name", set.parameter().name());
      line.put("param_value_internal", set.internal());
      line.put("distribution", distributions.text(set.parameter()));
    } else if (operation instanceof Operation.SetState set) {
      line.put("state", STATES.indexOf(set.state()));
      line.put("values", set.values());
      put(line, "datetime_start", set.started());
      put(line, "datetime_complete", set.ended());
    } else if (operation instanceof Operation.SetIntermediateValue set) {
      line.put("step", set.step());
      line.put("intermediate_value", set.value());
    } else if (operation instanceof Operation.SetTrialUserAttribute set) {
      line.put("user_attr", entry(set.key(), set.value()));
    } else if (operation instanceof Operation.SetTrialSystemAttribute set) {
      line.put("system_attr", entry(set.key(), set.value()));
    }
    return line;
  }

  private void put(Map<String, @Nullable Object> line, Operation.CreateTrial create) {
    Instant started = create.started();
    List<Double> values = create.values();
    Map<String, String> texts = new LinkedHashMap<>();
    create
        .distributions()
        .forEach((name, parameter) -> texts.put(name, distributions.text(parameter)));
    line.put("datetime_start", started == null ? null : TIME.format(started));
    line.put("state", STATES.indexOf(create.state()));
    line.put("value", values.size() == 1 ? values.get(0) : null);
    line.put("values", values.size() > 1 ? values : null);
    put(line, "datetime_complete", create.ended());
    line.put("distributions", texts);
    line.put("params", create.parameters());
    line.put("user_attrs", create.userAttributes());
    line.put("system_attrs", create.systemAttributes());
    line.put("intermediate_values", create.intermediateValues());
  }

  private static void put(Map<String, @Nullable Object> line, String name, @Nullable Instant time) {
    if (time != null) {
      line.put(name, TIME.format(time));
    }
  }

  private static Map<String, @Nullable Object> entry(String key, @Nullable Object value) {
    Map<String, @Nullable Object> entry = new LinkedHashMap<>();
    entry.put(key, value);
    return entry;
  }

  private static Map.Entry<String, @Nullable Object> attribute(Fields fields) {
    for (Map.Entry<?, ?> entry : fields.values().entrySet()) {
      return new SimpleEntry<>((String) entry.getKey(), entry.getValue());
    }
    throw new IllegalArgumentException("an attribute is set but has no name");
  }

  private static Direction direction(double code) {
    if (code == 1 || code == 2) {
      return code == 1 ? Direction.MINIMIZE : Direction.MAXIMIZE;
    }
    throw new IllegalArgumentException(
        "a direction is %s but must be 1 (minimize) or 2 (maximize)".formatted(code));
  }

  private static TrialState state(Fields fields) {
    long code = fields.integer("state");
    if (code < 0 || code >= STATES.size()) {
      throw new IllegalArgumentException("state is %s but must be 0 to 4".formatted(code));
    }
    return STATES.get((int) code);
  }

  private @Nullable Instant timeOrNull(Fields fields, String name) {
    return orNull(() -> time(fields, name));
  }

  /** Without an offset, as Optuna 3 wrote it, a time is local. */
  private static @Nullable Instant time(Fields fields, String name) {
    if (!fields.has(name)) {
      return null;
    }
    String text = fields.text(name);
    try {
      TemporalAccessor time =
          DateTimeFormatter.ISO_DATE_TIME.parseBest(
              text.replace(' ', 'T'), OffsetDateTime::from, LocalDateTime::from);
      return time instanceof OffsetDateTime offset
          ? offset.toInstant()
          : ((LocalDateTime) time).atZone(ZoneId.systemDefault()).toInstant();
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "%s is %s but must be a time in ISO 8601".formatted(name, text), e);
    }
  }
}
