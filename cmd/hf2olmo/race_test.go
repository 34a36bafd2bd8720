//go:build race

package main

const raceDetector = true // makes everything slower and larger
