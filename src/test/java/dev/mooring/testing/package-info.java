/** What tests of every package share. */
package dev.mooring.testing;
