/** Names of what is measured, and where measurements go. */
@NullMarked
package org.mobula.core.metrics;

import org.jspecify.annotations.NullMarked;
