package org.mobula.core.parameters;

import java.io.Serializable;
import java.util.Map;

/**
 * All that a store holds.
 *
 * @param parameters the newest version
 * @param optimizerSteps steps taken, which bias corrections depend on
 * @param moments the optimizer's own vectors by name, each as long as the parameters
 */
public record StoreState(
    ParameterSnapshot parameters, long optimizerSteps, Map<String, float[]> moments)
    implements Serializable {}
