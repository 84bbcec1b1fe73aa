/** What observations and actions look like. */
@NullMarked
package org.mobula.core.space;

import org.jspecify.annotations.NullMarked;
