package org.mobula.serve.model;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.mobula.core.config.NearestName;

/**
 * What a model takes and gives.
 *
 * @param inputs all are required
 * @param outputs in the order in which the model gives them
 */
public record Signature(List<TensorSpec> inputs, List<TensorSpec> outputs) implements Serializable {

  /** Copies the lists. */
  public Signature {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /**
   * The inputs of a request in the order of this signature.
   *
   * @throws InvalidInputException if one is missing, unknown, or does not fit
   */
  public List<Tensor> check(List<Tensor> given) {
    if (given.size() == 1 && inputs.size() == 1 && is(given.get(0), inputs.get(0))) {
      inputs.get(0).check(given.get(0));
      return given;
    }
    for (Tensor tensor : given) {
      if (inputs.stream().noneMatch(spec -> is(tensor, spec))) {
        throw new InvalidInputException(
            unknown("input", tensor.name(), inputs.stream().map(TensorSpec::name).toList()));
      }
    }
    List<Tensor> ordered = new ArrayList<>(inputs.size());
    for (TensorSpec spec : inputs) {
      List<Tensor> named = given.stream().filter(tensor -> is(tensor, spec)).toList();
      if (named.size() != 1) {
        throw new InvalidInputException(
            "input '%s' is %s".formatted(spec.name(), named.isEmpty() ? "missing" : "given twice"));
      }
      spec.check(named.get(0));
      ordered.add(named.get(0));
    }
    int rows = ordered.get(0).rows();
    for (Tensor tensor : ordered) {
      if (tensor.rows() != rows) {
        throw new InvalidInputException(
            "input '%s' has %s rows but input '%s' has %s; all must have as many"
                .formatted(tensor.name(), tensor.rows(), ordered.get(0).name(), rows));
      }
    }
    return ordered;
  }

  /**
   * Checks that an output of this name is among the model's.
   *
   * @throws InvalidInputException if it is not
   */
  public void checkOutput(String name) {
    if (outputs.stream().noneMatch(spec -> spec.name().equals(name))) {
      throw new InvalidInputException(
          unknown("output", name, outputs.stream().map(TensorSpec::name).toList()));
    }
  }

  /** Inputs of zeros, for a first computation that nobody waits for. */
  public List<Tensor> zeros(int rows) {
    return zeros(rows, 1);
  }

  /**
   * Inputs of zeros, for a first computation that nobody waits for.
   *
   * @param any the dimensions other than the rows that may be any
   */
  public List<Tensor> zeros(int rows, int any) {
    return inputs.stream().map(spec -> spec.zeros(rows, any)).toList();
  }

  private static boolean is(Tensor tensor, TensorSpec spec) {
    return tensor.name().equals(spec.name());
  }

  /** A sentence on a name that is none of those known. */
  static String unknown(String kind, String name, List<String> known) {
    Optional<String> near = name.length() > 100 ? Optional.empty() : NearestName.of(name, known);
    String shown = name.length() > 100 ? name.substring(0, 100) + "…" : name;
    return "there is no %s '%s'; %s"
        .formatted(
            kind,
            shown,
            near.map(n -> "did you mean '" + n + "'?")
                .orElse("there are: " + String.join(", ", known)));
  }
}
