package org.mobula.tune;

import java.io.Serializable;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a trial is begun or resumed with.
 *
 * @param values the parameters as the objective sees them
 * @param directory where the trial may keep files; null if the study keeps none
 * @param lastStep the last step reported before, -1 for none; reports up to it are old
 */
record TrialStart(
    int number,
    long seed,
    @SuppressWarnings("serial") Map<String, Object> values,
    @Nullable String directory,
    long lastStep)
    implements Serializable {}
