/** Environments of Python, stepped in processes of their own. */
@NullMarked
package org.mobula.rollout.gymnasium;

import org.jspecify.annotations.NullMarked;
