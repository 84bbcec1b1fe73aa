/** What every learning algorithm offers. */
@NullMarked
package org.mobula.core.algorithm;

import org.jspecify.annotations.NullMarked;
