/** Measurements that stay in the project; none of them is a test, for a busy machine would fail it. */
@NullMarked
package dev.mooring.bench;

import org.jspecify.annotations.NullMarked;
