package org.mobula.serve.model;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * What an input or output looks like.
 *
 * @param name unique among the inputs or outputs of a model
 * @param datatype of the elements
 * @param shape dimensions, −1 for any; the first is that of the rows and always −1
 */
public record TensorSpec(String name, Datatype datatype, List<Integer> shape)
    implements Serializable {
  private static final int ANY = -1;

  /** Copies the shape. */
  public TensorSpec {
    shape = List.copyOf(shape);
    if (shape.isEmpty() || shape.get(0) != ANY) {
      throw new IllegalArgumentException(
          "the shape of '" + name + "' is " + shape + " but must begin with -1, the rows");
    }
  }

  /** So many rows of zeros (or empty strings), with 1 for the other dimensions that may be any. */
  Tensor zeros(int rows) {
    int[] dimensions = shape.stream().mapToInt(d -> d == ANY ? 1 : d).toArray();
    dimensions[0] = rows;
    Object data = datatype.array(Tensor.elements(dimensions));
    if (data instanceof byte[][] strings) {
      Arrays.fill(strings, new byte[0]);
    }
    return new Tensor(name, datatype, data, dimensions);
  }

  /**
   * Checks a tensor.
   *
   * @throws InvalidInputException saying what was expected
   */
  void check(Tensor tensor) {
    if (tensor.datatype() != datatype) {
      throw new InvalidInputException(
          "input '%s' is of datatype %s but must be %s"
              .formatted(name, tensor.datatype(), datatype));
    }
    int[] given = tensor.shape();
    boolean fits = given.length == shape.size() && given[0] > 0;
    for (int i = 1; fits && i < given.length; i++) {
      int wanted = shape.get(i);
      fits = wanted == ANY || wanted == given[i];
    }
    if (!fits) {
      throw new InvalidInputException(
          "input '%s' has shape %s but must have %s (-1 is any number of rows from 1)"
              .formatted(name, Arrays.toString(given), shape));
    }
  }
}
