package org.mobula.serve.model;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.NotEmpty;

/**
 * What an input or output looks like.
 *
 * @param name unique among the inputs or outputs of a model
 * @param datatype of the elements
 * @param shape dimensions, −1 for any; the first is that of the rows and always −1
 */
public record TensorSpec(
    @Doc("unique among the inputs or outputs") @NotEmpty String name,
    @Doc("of the elements") Datatype datatype,
    @Doc("dimensions, -1 for any; the first is that of the rows and always -1") List<Integer> shape)
    implements Serializable {
  private static final int ANY = -1;

  /** Checks the values. */
  public TensorSpec {
    shape = List.copyOf(shape);
    Constraints.check(TensorSpec.class, name, datatype, shape);
    Constraints.require(
        !shape.isEmpty() && shape.get(0) == ANY, "shape", shape, "must begin with -1, the rows");
    Constraints.require(
        shape.stream().allMatch(size -> size == ANY || size > 0),
        "shape",
        shape,
        "must have sizes > 0, or -1 for any");
  }

  /** So many rows of zeros (or empty strings), with 1 for the other dimensions that may be any. */
  public Tensor zeros(int rows) {
    return zeros(rows, 1);
  }

  /**
   * So many rows of zeros, or empty strings.
   *
   * @param any the other dimensions that may be any
   */
  public Tensor zeros(int rows, int any) {
    int[] dimensions = dimensions(rows, any);
    Object data = datatype.array(Tensor.elements(dimensions));
    if (data instanceof byte[][] strings) {
      Arrays.fill(strings, new byte[0]);
    }
    return new Tensor(name, datatype, data, dimensions);
  }

  /**
   * Such a tensor around floats, which are not copied.
   *
   * @param rows of as many floats as the other dimensions say, 1 for those that may be any
   */
  public Tensor tensor(float[] data, int rows) {
    return Tensor.of(name, data, dimensions(rows, 1));
  }

  /** Elements of a row, with 1 for the dimensions that may be any. */
  public int rowSize() {
    return Tensor.elements(dimensions(1, 1));
  }

  private int[] dimensions(int rows, int any) {
    int[] dimensions = new int[shape.size()];
    dimensions[0] = rows;
    for (int i = 1; i < dimensions.length; i++) {
      int size = shape.get(i);
      dimensions[i] = size == ANY ? any : size;
    }
    return dimensions;
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
    if (!fits(tensor)) {
      throw new InvalidInputException(
          "input '%s' has shape %s but must have %s (-1 is any number of rows from 1)"
              .formatted(name, Arrays.toString(tensor.shape()), shape));
    }
  }

  /** Whether a tensor, whatever its name, is of this datatype and shape and has a row at least. */
  public boolean fits(Tensor tensor) {
    int[] given = tensor.shape();
    boolean fits = tensor.datatype() == datatype && given.length == shape.size() && given[0] > 0;
    for (int i = 1; fits && i < given.length; i++) {
      int wanted = shape.get(i);
      fits = wanted == ANY || wanted == given[i];
    }
    return fits;
  }
}
