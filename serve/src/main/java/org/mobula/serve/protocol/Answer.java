package org.mobula.serve.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.model.Tensor;

/**
 * What a model has answered.
 *
 * @param version that has computed it
 * @param outputs all, in the order of the signature
 * @param recordId by which rewards may name it; null if it is not recorded
 */
public record Answer(String version, List<Tensor> outputs, @Nullable String recordId) {}
