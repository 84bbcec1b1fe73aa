/** The records that a training file is read into, or that Java puts together. */
@NullMarked
package org.mobula.core.training.config;

import org.jspecify.annotations.NullMarked;
