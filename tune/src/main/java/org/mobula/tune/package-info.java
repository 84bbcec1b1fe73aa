/** Hyperparameter search: a study, its trials and what they are given. */
@NullMarked
package org.mobula.tune;

import org.jspecify.annotations.NullMarked;
