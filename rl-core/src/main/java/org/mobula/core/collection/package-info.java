/** Collecting experience with a policy in environments. */
@NullMarked
package org.mobula.core.collection;

import org.jspecify.annotations.NullMarked;
