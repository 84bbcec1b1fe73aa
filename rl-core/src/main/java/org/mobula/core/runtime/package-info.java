/** Tasks, actors and objects; knows nothing of learning. */
@NullMarked
package org.mobula.core.runtime;

import org.jspecify.annotations.NullMarked;
